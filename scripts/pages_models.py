"""Models for the pictures of the pages: headers as the real ones have, and no weights behind them.

Each file is as large as it says and takes no room on the disk; none can be loaded.
"""

import os
from pathlib import Path

import gguf
import msgspec
import numpy as np

_ALIGNED = 32
_TEMPLATE = r"""{{ bos_token }}
{%- for message in messages %}
    {%- set role = "model" if message.role == "assistant" else message.role %}
    {{- "<start_of_turn>" + role + "\n" + message.content | trim + "<end_of_turn>\n" }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "<start_of_turn>model\n" }}
{%- endif %}
"""
_Q4, _Q6 = gguf.GGMLQuantizationType.Q4_K, gguf.GGMLQuantizationType.Q6_K
_HALF = gguf.GGMLQuantizationType.Q8_0


class Kind(msgspec.Struct, frozen=True):
    """How a model is built."""

    architecture: str
    layers: int
    width: int
    inner: int
    heads: int
    shared_heads: int
    vocabulary: int
    context: int


GEMMA = Kind("gemma3", 34, 2560, 10_240, 8, 4, 262_144, 131_072)
LLAMA = Kind("llama", 28, 3072, 8192, 24, 8, 128_256, 131_072)
QWEN_4B = Kind("qwen3", 36, 2560, 9728, 32, 8, 151_936, 32_768)
QWEN_8B = Kind("qwen3", 36, 4096, 12_288, 32, 8, 151_936, 40_960)
QWEN_14B = Kind("qwen3", 40, 5120, 17_408, 40, 8, 151_936, 40_960)
QWEN_32B = Kind("qwen3", 64, 5120, 25_600, 64, 8, 151_936, 40_960)

FEW = {
    "gemma-3-4b-it-Q4_K_M": GEMMA,
    "Llama-3.2-3B-Instruct-Q4_K_M": LLAMA,
    "Qwen3-8B-Q4_K_M": QWEN_8B,
}
MANY = {
    f"{name}-{quantization}": kind
    for name, kind in {
        "gemma-3-4b-it": GEMMA,
        "gemma-3-4b-pt": GEMMA,
        "Llama-3.2-3B": LLAMA,
        "Llama-3.2-3B-Instruct": LLAMA,
        "Qwen3-4B": QWEN_4B,
        "Qwen3-4B-Instruct-2507": QWEN_4B,
        "Qwen3-4B-Thinking-2507": QWEN_4B,
        "Qwen3-8B": QWEN_8B,
        "Qwen3-14B": QWEN_14B,
        "Qwen3-32B": QWEN_32B,
    }.items()
    for quantization in ("Q4_K_M", "Q8_0")
}


def write_model(path: Path, kind: Kind) -> bytes:
    """Its header, which is all that there is of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, kind.architecture)
    writer.add_name(path.stem)
    writer.add_block_count(kind.layers)
    writer.add_context_length(kind.context)
    writer.add_embedding_length(kind.width)
    writer.add_head_count(kind.heads)
    writer.add_head_count_kv(kind.shared_heads)
    writer.add_chat_template(_TEMPLATE)
    weights = 0
    for name, rows, columns in _tensors(kind):
        small = _HALF if path.stem.endswith("Q8_0") else _Q6 if "embd" in name else _Q4
        block, block_bytes = gguf.GGML_QUANT_SIZES[small]
        size = rows * columns // block * block_bytes
        writer.add_tensor_info(name, (rows, columns), np.dtype(np.float32), size, small)
        weights += -(-size // _ALIGNED) * _ALIGNED
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    header = path.read_bytes()
    os.truncate(path, -(-len(header) // _ALIGNED) * _ALIGNED + weights)
    return header


def _tensors(kind: Kind) -> list[tuple[str, int, int]]:
    """Each with its rows and columns."""
    shared = kind.width // kind.heads * kind.shared_heads
    found = [("token_embd.weight", kind.vocabulary, kind.width)]
    for layer in range(kind.layers):
        found += [
            (f"blk.{layer}.attn_q.weight", kind.width, kind.width),
            (f"blk.{layer}.attn_k.weight", shared, kind.width),
            (f"blk.{layer}.attn_v.weight", shared, kind.width),
            (f"blk.{layer}.attn_output.weight", kind.width, kind.width),
            (f"blk.{layer}.ffn_gate.weight", kind.inner, kind.width),
            (f"blk.{layer}.ffn_up.weight", kind.inner, kind.width),
            (f"blk.{layer}.ffn_down.weight", kind.width, kind.inner),
        ]
    return found
