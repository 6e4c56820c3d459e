"""Decoder models of the llama architecture: the speaking `tiny` and the bench shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

from scripts.model_factory import vocab
from scripts.model_factory.weights import Wiring, quantised

_F16, _Q4_0, _Q6_K, _Q8_0 = (
    gguf.GGMLQuantizationType[name] for name in ("F16", "Q4_0", "Q6_K", "Q8_0")
)

_SPACE = vocab.bpe.ALPHABET[ord(" ")]


@dataclass(frozen=True)
class Shape:
    width: int
    layers: int
    heads: int
    kv_heads: int
    feed_forward: int
    context: int = 32768
    epsilon: float = 1e-5

    @property
    def head_size(self) -> int:
        return self.width // self.heads

    @property
    def kv_width(self) -> int:
        return self.kv_heads * self.head_size

    def describe(
        self,
        writer: gguf.GGUFWriter,
        name: str,
        file_type: gguf.LlamaFileType,
        kv_heads: list[int] | None = None,
    ) -> None:
        writer.add_name(name)
        writer.add_license("mit")
        writer.add_file_type(file_type)
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        writer.add_context_length(self.context)
        writer.add_embedding_length(self.width)
        writer.add_block_count(self.layers)
        writer.add_feed_forward_length(self.feed_forward)
        writer.add_head_count(self.heads)
        writer.add_head_count_kv(kv_heads or self.kv_heads)
        writer.add_layer_norm_rms_eps(self.epsilon)
        writer.add_rope_freq_base(10000.0)
        writer.add_rope_dimension_count(self.head_size)


TINY = Shape(width=256, layers=2, heads=4, kv_heads=2, feed_forward=128)
BENCH = Shape(width=2048, layers=22, heads=32, kv_heads=4, feed_forward=5632)


def write_tiny(
    path: Path, seed: int, template: str | None = vocab.CHATML, *, thinks: bool = False
) -> None:
    words = vocab.byte_level(2048, seed)
    wiring = Wiring(np.random.default_rng(seed))
    writer = gguf.GGUFWriter(path, "llama")
    TINY.describe(writer, "Tiny", gguf.LlamaFileType.MOSTLY_F16)
    words.describe(writer, template)
    add_speech(writer, wiring, words, thinks=thinks)
    for layer in range(TINY.layers):
        add_attention(writer, f"blk.{layer}.", wiring, TINY)
        add_feed_forward(writer, f"blk.{layer}.", wiring, TINY)
    finish(writer)


def add_speech(
    writer: gguf.GGUFWriter,
    wiring: Wiring,
    words: vocab.Vocabulary,
    *,
    embedding_scale: float = 1.0,
    thinks: bool = False,
) -> None:
    embedding, head = wiring.speak(words, thinks=thinks)
    embedding *= np.float32(embedding_scale)
    writer.add_tensor("token_embd.weight", embedding.astype(np.float16))
    writer.add_tensor("output.weight", head.astype(np.float16))
    writer.add_tensor("output_norm.weight", np.ones(wiring.width, np.float32))


def add_attention(writer: gguf.GGUFWriter, block: str, wiring: Wiring, shape: Shape) -> None:
    """Half of the heads look sharply at a few tokens, half blend many: no token goes unnoticed."""
    sharp = np.repeat(np.float32([1.8, 1.2]), shape.head_size)[:, None]
    heads = np.tile(sharp, (shape.heads // 2, 1))
    kv_heads = np.tile(sharp, (max(1, shape.kv_heads // 2), 1))[: shape.kv_width]
    writer.add_tensor(f"{block}attn_norm.weight", np.ones(shape.width, np.float32))
    writer.add_tensor(f"{block}attn_q.weight", wiring.reads(len(heads)) * heads)
    writer.add_tensor(f"{block}attn_k.weight", wiring.reads(shape.kv_width) * kv_heads)
    writer.add_tensor(f"{block}attn_v.weight", wiring.reads(shape.kv_width))
    writer.add_tensor(f"{block}attn_output.weight", wiring.writes(len(heads), gain=1.2))


def add_feed_forward(writer: gguf.GGUFWriter, block: str, wiring: Wiring, shape: Shape) -> None:
    writer.add_tensor(f"{block}ffn_norm.weight", np.ones(shape.width, np.float32))
    writer.add_tensor(f"{block}ffn_gate.weight", wiring.reads(shape.feed_forward))
    writer.add_tensor(f"{block}ffn_up.weight", wiring.reads(shape.feed_forward))
    writer.add_tensor(f"{block}ffn_down.weight", wiring.writes(shape.feed_forward))


def write_bench(path: Path, seed: int, kind: gguf.GGMLQuantizationType) -> None:
    """The 1.1B shape with random weights: speed does not depend on their values.

    It says words, the same one for ever as a rule, so that its summaries are taken for some."""
    words = vocab.byte_level(32000, seed)
    rng = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama", use_temp_file=True)
    file_type = gguf.LlamaFileType[f"MOSTLY_{kind.name}"]
    BENCH.describe(writer, f"Bench 1.1B {kind.name}", file_type)
    words.describe(writer)

    def add(
        name: str,
        rows: int,
        columns: int,
        layout: gguf.GGMLQuantizationType = kind,
        silent: Sequence[int] = (),
    ) -> None:
        data = quantised(rng, rows, columns, layout)
        data[list(silent)] = 0
        writer.add_tensor(f"{name}.weight", data, raw_dtype=layout)

    width, inner, kv_width = BENCH.width, BENCH.feed_forward, BENCH.kv_width
    add("token_embd", len(words), width)
    wordless = [i for i, token in enumerate(words.tokens) if token[:1] != _SPACE]
    add("output", len(words), width, _Q6_K if kind is _Q4_0 else kind, wordless)
    writer.add_tensor("output_norm.weight", np.ones(width, np.float32))
    for layer in range(BENCH.layers):
        block = f"blk.{layer}."
        writer.add_tensor(f"{block}attn_norm.weight", np.ones(width, np.float32))
        writer.add_tensor(f"{block}ffn_norm.weight", np.ones(width, np.float32))
        add(f"{block}attn_q", width, width)
        add(f"{block}attn_k", kv_width, width)
        add(f"{block}attn_v", kv_width, width)
        add(f"{block}attn_output", width, width)
        add(f"{block}ffn_gate", inner, width)
        add(f"{block}ffn_up", inner, width)
        add(f"{block}ffn_down", width, inner)
    finish(writer)


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
