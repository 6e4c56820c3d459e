"""Mutated headers: always a header or ModelLoadFailed, quickly and in bounded memory."""

import random
import struct
import time
import tracemalloc
from pathlib import Path

import pytest

from app.core import gguf
from app.core.errors import ModelLoadFailed
from app.core.model_facts import describe
from scripts.make_model import build

SIZES = (0, 1, 0x7F, 0xFF, 0xFFFF, 1 << 31, (1 << 32) - 1, 1 << 62, (1 << 64) - 1)


def mutate(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    # Most of a header is vocabulary; the interesting bytes are at both of its ends.
    span = rng.choice((24, 200, 2000, len(changed)))
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(min(span, len(changed)))
        match rng.choice((0, 0, 1, 1, 1, 2, 3, 4)):
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                changed[at] ^= 1 << rng.randrange(8)
            case 2:
                number = struct.pack("<Q", rng.choice(SIZES))
                changed[at : at + 8] = number
            case 3:
                del changed[at : at + rng.randrange(1, 64)]
            case _:
                changed[at:at] = rng.randbytes(rng.randrange(1, 64))
    return bytes(changed)


def headers(folder: Path) -> list[tuple[bytes, int]]:
    """The header of each kind of model, with how many bytes of tensors follow."""
    found: list[tuple[bytes, int]] = []
    for kind in ("tiny", "hybrid", "embed", "lora-a"):
        data = build(kind, folder / f"{kind}.gguf").read_bytes()
        end = gguf.read_header(lambda at, n, d=data: d[at : at + n], len(data)).data_offset
        found.append((data[:end], len(data) - end))
    return found


def fuzz(originals: list[tuple[bytes, int]], cases: int, seed: int) -> dict[str, int]:
    rng = random.Random(seed)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(cases):
        original, following = rng.choice(originals)
        data = mutate(rng, original)
        started = time.monotonic()
        try:
            describe(gguf.read_header(lambda at, n, d=data: d[at : at + n], len(data) + following))
            outcomes["read"] += 1
        except ModelLoadFailed:
            outcomes["refused"] += 1
        assert time.monotonic() - started < 5
    return outcomes


def test_mutations_end_in_a_header_or_a_refusal(tmp_path: Path) -> None:
    originals = headers(tmp_path)
    tracemalloc.start()
    try:
        outcomes = fuzz(originals, 300, seed=1)
        assert tracemalloc.get_traced_memory()[1] < 48 << 20
    finally:
        tracemalloc.stop()
    assert min(outcomes.values()) > 30


@pytest.mark.slow
def test_many_mutations(tmp_path: Path) -> None:
    outcomes = fuzz(headers(tmp_path), 6000, seed=2)
    assert sum(outcomes.values()) == 6000
    assert min(outcomes.values()) > 600
