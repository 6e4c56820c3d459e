"""Weight matrices: random ones in any byte layout, and a wiring that speaks.

The residual stream of a speaking model is cut into three parts that every block respects:

    speech    which tokens may follow this one; written by the embedding, read by the head
    identity  a random code of this token; written by the embedding, read by every block
    context   what the blocks gathered from earlier tokens; the head lets it choose the successor

So the text stays word-like whatever the blocks do, while each greedy choice depends on what
the model attended to: a wrong KV cell changes the reply.
"""

from dataclasses import dataclass

import gguf
import numpy as np
from numpy.typing import NDArray

from scripts.model_factory.speech import successors
from scripts.model_factory.vocab import Vocabulary

Array = NDArray[np.float32]

_ALLOWED, _SLOPE, _CHOICE = 40.0, 1.0, 3.0  # logits: a successor's base, its frequency, the context


@dataclass(frozen=True)
class Wiring:
    rng: np.random.Generator
    speech: int = 96
    identity: int = 96
    context: int = 64

    @property
    def width(self) -> int:
        return self.speech + self.identity + self.context

    def reads(self, rows: int, gain: float = 1.0) -> Array:
        """A matrix from the stream whose outputs have the deviation `gain`."""
        matrix = self.normal(rows, self.width, gain / np.sqrt(self.identity + self.context))
        matrix[:, : self.speech] = 0
        return matrix

    def writes(self, columns: int, gain: float = 1.0) -> Array:
        """A matrix into the stream that only touches its context part."""
        matrix = self.normal(self.width, columns, gain / np.sqrt(columns))
        matrix[: -self.context] = 0
        return matrix

    def normal(self, rows: int, columns: int, deviation: float) -> Array:
        return self.rng.standard_normal((rows, columns), dtype=np.float32) * np.float32(deviation)

    def speak(self, vocabulary: Vocabulary, *, thinks: bool) -> tuple[Array, Array]:
        """The embedding and the head."""
        share = successors(vocabulary, thinks=thinks)
        size, spoken = len(vocabulary), share.sum(axis=0) > 0
        allowed = np.where(share > 0, _ALLOWED + _SLOPE * np.log(np.maximum(share, 1e-6)), 0)
        # Words of one slot have equal rows, so far fewer dimensions than tokens hold them all.
        probe = allowed.T @ (allowed @ self.normal(size, self.speech, 1.0))
        basis, _ = np.linalg.qr(probe)
        code = allowed @ basis
        scale = 0.5 / np.sqrt((code**2).mean())
        embedding = np.zeros((size, self.width), np.float32)
        embedding[:, : self.speech] = code * scale
        codes = self.rng.choice(np.float32([-1, 1]), (size, self.identity))
        embedding[:, self.speech : self.speech + self.identity] = codes
        head = np.zeros_like(embedding)
        head[:, : self.speech] = basis / scale
        choice = self.normal(size, self.context, _CHOICE / np.sqrt(self.context))
        head[:, -self.context :] = choice * spoken[:, None]
        return embedding, head


def quantised(
    rng: np.random.Generator, rows: int, columns: int, kind: gguf.GGMLQuantizationType
) -> NDArray[np.uint8]:
    """Random bytes in a block layout, (rows, bytes per row); deviation about 1/sqrt(columns)."""
    block, size = gguf.GGML_QUANT_SIZES[kind]
    deviation = 1.0 / np.sqrt(columns)
    data = rng.integers(0, 256, (rows * columns // block, size), dtype=np.uint8)
    match kind:
        case gguf.GGMLQuantizationType.Q4_0:
            data[:, :2] = _half(deviation / 4.6)
        case gguf.GGMLQuantizationType.Q8_0:
            data[:, :2] = _half(deviation / 74)
        case gguf.GGMLQuantizationType.Q6_K:
            data[:, 192:208] = 1
            data[:, 208:] = _half(deviation / 18.5)
        case _:
            raise ValueError(f"no random layout for {kind.name}")
    return data.reshape(rows, -1)


def _half(value: float) -> NDArray[np.uint8]:
    return np.array([value], np.float16).view(np.uint8)
