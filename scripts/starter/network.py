"""The starter's network: llama's blocks.

Rotary positions are half-split here; the converter interleaves them for llama.cpp. Half of the
rotary pairs do not turn (`rope_freqs` = 1e9), so that those dimensions match by content alone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear, rms_norm, scaled_dot_product_attention, silu

_STILL = 1e9  # a wavelength so long that nothing turns
_LONGEST = 4096
_BLOCK = 256  # queries that a processor takes at a time


def has_bfloat16() -> bool:
    """Whether the machine computes in it; a processor that only emulates it is slower for it."""
    return torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported()


@dataclass(frozen=True)
class Shape:
    vocabulary: int = 3072
    width: int = 256
    layers: int = 4
    heads: int = 4
    inner: int = 576
    context: int = 2048
    base: float = 10_000.0
    still: float = 0.5  # share of rotary pairs that do not turn
    epsilon: float = 1e-5

    @property
    def head(self) -> int:
        return self.width // self.heads

    @property
    def turning(self) -> int:
        """How many rotary pairs of a head turn."""
        pairs = self.head // 2
        return pairs - int(pairs * self.still)


def rotary_factors(shape: Shape) -> Tensor:
    factors = torch.ones(shape.head // 2)
    factors[shape.turning :] = _STILL
    return factors


def frequencies(shape: Shape) -> Tensor:
    pairs = shape.head // 2
    return shape.base ** (-torch.arange(0, pairs).float() / pairs) / rotary_factors(shape)


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)


def _attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal. On a processor the queries go block by block, each over the keys up to its end:
    1.6 times faster in bfloat16 than the library's own kernel there."""
    if q.is_cuda:
        return scaled_dot_product_attention(q, k, v, is_causal=True)
    q, seen = q * q.shape[-1] ** -0.5, []
    later = torch.full((_BLOCK, _BLOCK), float("-inf"), dtype=q.dtype).triu(1)
    for start in range(0, q.shape[-2], _BLOCK):
        some = q[..., start : start + _BLOCK, :]
        end, size = start + some.shape[-2], some.shape[-2]
        scores = some @ k[..., :end, :].mT
        scores[..., start:].add_(later[:size, :size])
        seen.append(scores.softmax(-1).to(v.dtype) @ v[..., :end, :])
    return torch.cat(seen, -2)


class Norm(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.width))
        self.epsilon = shape.epsilon

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        d, scale = shape.width, shape.width**-0.5
        self.before_attention, self.before_inner = Norm(shape), Norm(shape)
        self.qkv = nn.Parameter(torch.randn(3 * d, d) * scale)
        self.qk_bias = nn.Parameter(torch.zeros(2 * d))
        self.out = nn.Parameter(torch.zeros(d, d))
        self.gate_up = nn.Parameter(torch.randn(2 * shape.inner, d) * scale)
        self.down = nn.Parameter(torch.zeros(d, shape.inner))

    @property
    def matrices(self) -> tuple[tuple[nn.Parameter, int], ...]:
        """With into how many parts each is cut for its optimiser."""
        return (self.qkv, 3), (self.out, 1), (self.gate_up, 2), (self.down, 1)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, chosen: Tensor | None = None) -> Tensor:
        """With `chosen` only those positions go on, all rows in a line."""
        seen = self._seen(x, cos, sin)
        if chosen is not None:
            x, seen = x.flatten(0, 1)[chosen], seen.flatten(0, 1)[chosen]
        x = x + linear(seen, self.out)
        gated = linear(self.before_inner(x), self.gate_up)
        gate, up = gated[..., : self.shape.inner], gated[..., self.shape.inner :]
        return x + linear(silu(gate) * up, self.down)

    def _seen(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """What every position's heads read from those before it."""
        shape = self.shape
        rows, length, d = x.shape
        h = linear(self.before_attention(x), self.qkv)
        qk = (h[..., : 2 * d] + self.qk_bias).view(rows, length, -1, shape.head)
        qk = _turned(qk.transpose(1, 2), cos, sin)
        v = h[..., 2 * d :].view(rows, length, -1, shape.head).transpose(1, 2)
        q, k = qk[:, : shape.heads], qk[:, shape.heads :]
        seen = _attention(q, k, v)
        return seen.transpose(1, 2).reshape(rows, length, d)


class Starter(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Parameter(torch.randn(shape.vocabulary, shape.width) * 0.05)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.last = Norm(shape)
        angles = torch.outer(torch.arange(_LONGEST).float(), frequencies(shape))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(
        self, ids: Tensor, chosen: Tensor | None = None, between: list[Tensor] | None = None
    ) -> Tensor:
        """Logits of every position, or of the `chosen` ones of all rows in a line; `between` gets
        what each block but the last one left."""
        x = embedding(ids, self.embedding)
        length = ids.shape[1]
        cos, sin = self.cos[:length], self.sin[:length]
        for block in self.blocks[:-1]:
            x = block(x, cos, sin)
            if between is not None:
                between.append(x)
        return linear(self.last(self.blocks[-1](x, cos, sin, chosen)), self.embedding)
