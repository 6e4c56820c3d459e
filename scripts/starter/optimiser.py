"""Muon for the matrices, Adam for the rest, one rate for the schedule to scale."""

from collections import defaultdict

import torch
from torch import Tensor

from scripts.starter.network import Starter, has_bfloat16

_MATRIX_RATE, _REST_RATE = 0.012, 1.5e-3
_DECAY, _MOMENTUM, _CLIP = 0.02, 0.95, 1.0
_CHEAP = torch.bfloat16 if has_bfloat16() else torch.float32
_QUINTIC = (3.4445, -4.7750, 2.0315)


class Optimiser:
    def __init__(self, model: Starter) -> None:
        self._model = model
        self._matrices = [pair for block in model.blocks for pair in block.matrices]
        mine = {id(matrix) for matrix, _ in self._matrices}
        self._rest = [each for each in model.parameters() if id(each) not in mine]
        self._momentum = [torch.zeros_like(matrix) for matrix, _ in self._matrices]
        self._adam = torch.optim.AdamW(self._rest, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.0)

    def step(self, scale: float) -> None:
        torch.nn.utils.clip_grad_norm_(self._rest, _CLIP)
        for group in self._adam.param_groups:
            group["lr"] = _REST_RATE * scale
        self._adam.step()
        self._muon(_MATRIX_RATE * scale)
        self._model.zero_grad()

    def state(self) -> dict[str, object]:
        return {"adam": self._adam.state_dict(), "momentum": self._momentum}

    def restore(self, state: dict[str, object]) -> None:
        self._adam.load_state_dict(state["adam"])
        for mine, kept in zip(self._momentum, state["momentum"], strict=True):
            mine.copy_(kept)

    @torch.no_grad()
    def _muon(self, rate: float) -> None:
        groups: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for (matrix, parts), momentum in zip(self._matrices, self._momentum, strict=True):
            assert matrix.grad is not None
            momentum.lerp_(matrix.grad, 1 - _MOMENTUM)
            gradient = matrix.grad.lerp(momentum, _MOMENTUM)
            for g, w in zip(gradient.chunk(parts), matrix.chunk(parts), strict=True):
                groups[g.shape].append((g, w))
        for size, pairs in groups.items():
            updates = _orthogonal(torch.stack([g for g, _ in pairs]))
            updates *= rate * max(1, size[0] / size[1]) ** 0.5
            for (_, weight), update in zip(pairs, updates, strict=True):
                weight.mul_(1 - rate * _DECAY).sub_(update)


def _orthogonal(gradients: Tensor) -> Tensor:
    """Only roughly, so that bfloat16 is exact enough."""
    x = gradients
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = (x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)).to(_CHEAP)
    a, b, c = _QUINTIC
    for _ in range(5):
        square = x @ x.mT
        x = a * x + (b * square + c * (square @ square)) @ x
    return (x.mT if tall else x).to(gradients.dtype)
