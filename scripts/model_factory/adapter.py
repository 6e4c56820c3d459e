"""LoRA adapters for `tiny`: each adds its own random choice of words, so replies differ."""

from pathlib import Path

import gguf
import numpy as np

from scripts.model_factory.decoder import TINY, finish
from scripts.model_factory.weights import Wiring

_RANK = 4


def write_adapter(path: Path, seed: int, number: int) -> None:
    wiring = Wiring(np.random.default_rng([seed, number]))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_name(f"Tiny adapter {number}")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(_RANK))
    for layer in range(TINY.layers):
        name = f"blk.{layer}.attn_q.weight"
        writer.add_tensor(f"{name}.lora_a", wiring.reads(_RANK, gain=1.0))
        writer.add_tensor(f"{name}.lora_b", wiring.normal(TINY.width, _RANK, 0.5))
        name = f"blk.{layer}.ffn_down.weight"
        writer.add_tensor(f"{name}.lora_a", wiring.normal(_RANK, TINY.feed_forward, 0.1))
        writer.add_tensor(f"{name}.lora_b", wiring.writes(_RANK, gain=1.5))
    finish(writer)
