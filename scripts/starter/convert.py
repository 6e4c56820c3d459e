"""Writes a checkpoint as GGUF: `python -m scripts.starter.convert CHECKPOINT OUT.gguf`.

Llama's architecture with tied embeddings, q/k biases and `rope_freqs`. Rotary pairs are half-split
in training and interleaved in the file, so the rows of q and k change places, biases included.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from gguf import quants
from numpy.typing import NDArray

from scripts.starter import vocabulary
from scripts.starter.chatml import TEMPLATE
from scripts.starter.network import Shape, rotary_factors
from scripts.starter.vocabulary import SPECIALS, Vocabulary

NAME = "Llama Chat starter"
_Q8 = gguf.GGMLQuantizationType.Q8_0
Array = NDArray[np.float32]


def convert(checkpoint: Path, words: Vocabulary, out: Path, *, exact: bool = False) -> None:
    """`exact`: in F16, to tell rounding from mistakes."""
    kept = torch.load(checkpoint, weights_only=True, map_location="cpu")
    shape = Shape(**kept["shape"])
    passing = out.with_name(f".{out.name}.{os.getpid()}")
    writer = gguf.GGUFWriter(passing, "llama")
    _describe(writer, shape, exact=exact)
    _speak(writer, words)
    _weigh(writer, shape, kept["average"], exact=exact)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    passing.replace(out)


def _describe(writer: gguf.GGUFWriter, shape: Shape, *, exact: bool) -> None:
    kinds = gguf.LlamaFileType
    writer.add_name(NAME)
    writer.add_description("The built-in guide of Llama Chat, trained by its own scripts.")
    writer.add_license("MIT")
    writer.add_file_type(kinds.MOSTLY_F16 if exact else kinds.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_dimension_count(shape.head)
    writer.add_rope_freq_base(shape.base)
    writer.add_vocab_size(shape.vocabulary)


def _speak(writer: gguf.GGUFWriter, words: Vocabulary) -> None:
    def kind(token: str) -> gguf.TokenType:
        if token in SPECIALS:
            return gguf.TokenType.CONTROL
        return gguf.TokenType.UNUSED if token.startswith("[unused") else gguf.TokenType.NORMAL

    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(words.tokens)
    writer.add_token_types([kind(token) for token in words.tokens])
    writer.add_token_merges([" ".join(pair) for pair in words.merges])
    writer.add_bos_token_id(words.end)
    writer.add_eos_token_id(words.stop)
    writer.add_pad_token_id(words.end)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    writer.add_sampling_temp(0.0)  # a value that is copied leaves no choice


def _weigh(writer: gguf.GGUFWriter, shape: Shape, kept: dict[str, Any], *, exact: bool) -> None:
    weights: dict[str, Array] = {name: each.float().numpy() for name, each in kept.items()}
    d = shape.width

    def matrix(name: str, values: Array) -> None:
        values = np.ascontiguousarray(values)
        if exact:
            writer.add_tensor(f"{name}.weight", values.astype(np.float16))
        else:
            writer.add_tensor(f"{name}.weight", quants.quantize(values, _Q8), raw_dtype=_Q8)

    def vector(name: str, values: Array) -> None:
        writer.add_tensor(name, np.ascontiguousarray(values))

    def interleaved(values: Array) -> Array:
        halves = values.reshape(shape.heads, 2, shape.head // 2, *values.shape[1:])
        return halves.swapaxes(1, 2).reshape(values.shape)

    matrix("token_embd", weights["embedding"])
    vector("output_norm.weight", weights["last.weight"])
    vector("rope_freqs.weight", rotary_factors(shape).numpy())
    for layer in range(shape.layers):
        block, mine = f"blk.{layer}.", f"blocks.{layer}."
        qkv, bias = weights[mine + "qkv"], weights[mine + "qk_bias"]
        gate_up = weights[mine + "gate_up"]
        vector(block + "attn_norm.weight", weights[mine + "before_attention.weight"])
        vector(block + "ffn_norm.weight", weights[mine + "before_inner.weight"])
        matrix(block + "attn_q", interleaved(qkv[:d]))
        matrix(block + "attn_k", interleaved(qkv[d : 2 * d]))
        matrix(block + "attn_v", qkv[2 * d :])
        vector(block + "attn_q.bias", interleaved(bias[:d]))
        vector(block + "attn_k.bias", interleaved(bias[d:]))
        matrix(block + "attn_output", weights[mine + "out"])
        matrix(block + "ffn_gate", gate_up[: shape.inner])
        matrix(block + "ffn_up", gate_up[shape.inner :])
        matrix(block + "ffn_down", weights[mine + "down"])


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("checkpoint", type=Path)
    said.add_argument("out", type=Path)
    said.add_argument("--exact", action="store_true", help="F16 instead of Q8_0")
    asked = said.parse_args()
    words = vocabulary.load(asked.checkpoint.with_name("vocabulary.json"))
    convert(asked.checkpoint, words, asked.out, exact=asked.exact)
    print(f"{asked.out}: {asked.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
