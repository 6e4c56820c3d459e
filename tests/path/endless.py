"""Sampling that never lets the tiny model end by itself: what is killed is still talking."""

from pathlib import Path

from gguf import GGUFReader

from app.core.sampling import Sampling

_ENDS = ("tokenizer.ggml.eos_token_id", "tokenizer.ggml.bos_token_id")


def endless(model: Path) -> Sampling:
    fields = GGUFReader(model).fields
    never = {int(fields[name].contents()): float("-inf") for name in _ENDS}
    return Sampling(temperature=0.0, logit_bias=never)
