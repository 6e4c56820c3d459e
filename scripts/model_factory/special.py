"""Speaking models whose memory is not a plain KV cache: sliding window, recurrent, hybrid."""

from pathlib import Path

import gguf
import numpy as np

from scripts.model_factory import vocab
from scripts.model_factory.decoder import (
    Shape,
    add_attention,
    add_feed_forward,
    add_speech,
    finish,
)
from scripts.model_factory.weights import Wiring

WINDOW = 96
_SLIDING = Shape(width=256, layers=6, heads=4, kv_heads=2, feed_forward=64)
_RECURRENT = Shape(width=256, layers=2, heads=4, kv_heads=2, feed_forward=128)
_KERNEL, _STATE, _RANK = 4, 16, 16


def write_sliding(path: Path, seed: int) -> None:
    """Gemma 3: five layers see the last `WINDOW` positions only, the sixth sees everything."""
    words = vocab.byte_level(2048, seed)
    wiring = Wiring(np.random.default_rng(seed))
    writer = gguf.GGUFWriter(path, "gemma3")
    _SLIDING.describe(writer, "Tiny sliding window", gguf.LlamaFileType.MOSTLY_F16)
    writer.add_key_length(_SLIDING.head_size)
    writer.add_value_length(_SLIDING.head_size)
    writer.add_sliding_window(WINDOW)
    words.describe(writer)
    # This architecture multiplies embeddings by the root of the width.
    add_speech(writer, wiring, words, embedding_scale=1 / np.sqrt(_SLIDING.width))
    for layer in range(_SLIDING.layers):
        block = f"blk.{layer}."
        add_attention(writer, block, wiring, _SLIDING)
        add_feed_forward(writer, block, wiring, _SLIDING)
        for name in ("attn_q_norm", "attn_k_norm"):
            sharpness = np.full(_SLIDING.head_size, 1.7, np.float32)
            writer.add_tensor(f"{block}{name}.weight", sharpness)
        for name in ("post_attention_norm", "post_ffw_norm"):
            gain = np.full(_SLIDING.width, 0.3, np.float32)
            writer.add_tensor(f"{block}{name}.weight", gain)
    finish(writer)


def write_recurrent(path: Path, seed: int) -> None:
    """Mamba: no attention at all, one state per sequence."""
    words = vocab.byte_level(2048, seed)
    wiring = Wiring(np.random.default_rng(seed))
    writer = gguf.GGUFWriter(path, "mamba")
    _RECURRENT.describe(writer, "Tiny recurrent", gguf.LlamaFileType.MOSTLY_F16)
    _describe_state(writer)
    words.describe(writer)
    add_speech(writer, wiring, words)
    for layer in range(_RECURRENT.layers):
        _add_state(writer, f"blk.{layer}.", wiring, gain=0.03)
    finish(writer)


def write_hybrid(path: Path, seed: int) -> None:
    """Jamba: a recurrent layer, then an attention layer."""
    words = vocab.byte_level(2048, seed)
    wiring = Wiring(np.random.default_rng(seed))
    writer = gguf.GGUFWriter(path, "jamba")
    _RECURRENT.describe(writer, "Tiny hybrid", gguf.LlamaFileType.MOSTLY_F16, kv_heads=[0, 2])
    _describe_state(writer)
    words.describe(writer)
    add_speech(writer, wiring, words)
    _add_state(writer, "blk.0.", wiring, gain=0.1, normed=True)
    add_attention(writer, "blk.1.", wiring, _RECURRENT)
    for layer in range(_RECURRENT.layers):
        add_feed_forward(writer, f"blk.{layer}.", wiring, _RECURRENT)
    finish(writer)


def _describe_state(writer: gguf.GGUFWriter) -> None:
    writer.add_ssm_conv_kernel(_KERNEL)
    writer.add_ssm_inner_size(2 * _RECURRENT.width)
    writer.add_ssm_state_size(_STATE)
    writer.add_ssm_time_step_rank(_RANK)


def _add_state(
    writer: gguf.GGUFWriter, block: str, wiring: Wiring, *, gain: float, normed: bool = False
) -> None:
    """One Mamba block; its slowest state forgets in some hundreds of tokens."""
    inner = 2 * _RECURRENT.width
    ones = np.ones(inner, np.float32)
    decay = -np.tile(np.logspace(-3.0, 0, _STATE, dtype=np.float32), (inner, 1))
    tensors = {
        "attn_norm.weight": np.ones(_RECURRENT.width, np.float32),
        "ssm_in.weight": wiring.reads(2 * inner),
        "ssm_conv1d.weight": wiring.normal(inner, _KERNEL, 0.6),
        "ssm_conv1d.bias": 0 * ones,
        "ssm_x.weight": wiring.normal(_RANK + 2 * _STATE, inner, 1.6 / np.sqrt(inner)),
        "ssm_dt.weight": wiring.normal(inner, _RANK, 0.2 / np.sqrt(_RANK)),
        "ssm_dt.bias": -1.0 * ones,
        "ssm_a": decay,
        "ssm_d": ones,
        "ssm_out.weight": wiring.writes(inner, gain=gain),
    }
    if normed:
        sizes = {"ssm_dt_norm.weight": _RANK, "ssm_b_norm.weight": _STATE}
        sizes["ssm_c_norm.weight"] = _STATE
        tensors |= {name: np.ones(size, np.float32) for name, size in sizes.items()}
    for name, tensor in tensors.items():
        writer.add_tensor(block + name, tensor)
