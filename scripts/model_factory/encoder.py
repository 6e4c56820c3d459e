"""A tiny embedding model: BERT with a WordPiece vocabulary and mean pooling.

Its vector is mostly the mean of random word codes, so texts that share words are near each
other; a small share comes from attention and position, so word order is not lost either.
"""

from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from scripts.model_factory import corpus
from scripts.model_factory.decoder import Shape, finish

_SHAPE = Shape(width=128, layers=2, heads=4, kv_heads=4, feed_forward=256, context=512)
_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_WORD_START = "\u2581"  # llama.cpp marks where a word begins, not where it goes on


def _vocabulary(seed: int) -> list[str]:
    text = corpus.mixed(seed, sections=60).lower()
    letters = sorted({c for c in text if not c.isspace()} | set(map(chr, range(33, 127))))
    words = {w for w in text.split() if w.isalpha() and w.isascii() and len(w) > 1}
    endings = {w[-n:] for w in words for n in (2, 3) if len(w) > n}
    pieces = [_WORD_START + p for p in letters + sorted(words)] + letters + sorted(endings)
    return [*_SPECIALS, *dict.fromkeys(pieces)]


def _describe(writer: gguf.GGUFWriter, tokens: list[str]) -> None:
    _SHAPE.describe(writer, "Tiny embedding", gguf.LlamaFileType.ALL_F32)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("bert")
    writer.add_token_list(tokens)
    kinds = [gguf.TokenType.CONTROL] * len(_SPECIALS)
    writer.add_token_types(kinds + [gguf.TokenType.NORMAL] * (len(tokens) - len(kinds)))
    writer.add_token_type_count(2)
    ids = {token: index for index, token in enumerate(_SPECIALS)}
    writer.add_pad_token_id(ids["[PAD]"])
    writer.add_unk_token_id(ids["[UNK]"])
    writer.add_bos_token_id(ids["[CLS]"])
    writer.add_sep_token_id(ids["[SEP]"])
    writer.add_eos_token_id(ids["[SEP]"])
    writer.add_mask_token_id(ids["[MASK]"])


def write_embedder(path: Path, seed: int) -> None:
    tokens = _vocabulary(seed)
    rng = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "bert")
    _describe(writer, tokens)
    width, inner = _SHAPE.width, _SHAPE.feed_forward

    def normal(rows: int, columns: int, deviation: float) -> NDArray[np.float32]:
        return rng.standard_normal((rows, columns), dtype=np.float32) * np.float32(deviation)

    def linear(name: str, rows: int, columns: int, gain: float = 1.0) -> None:
        writer.add_tensor(f"{name}.weight", normal(rows, columns, gain / np.sqrt(columns)))
        writer.add_tensor(f"{name}.bias", np.zeros(rows, np.float32))

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(width, np.float32))
        writer.add_tensor(f"{name}.bias", np.zeros(width, np.float32))

    codes = normal(len(tokens), width, 1.0)
    codes[: len(_SPECIALS)] *= 0.05
    writer.add_tensor("token_embd.weight", codes)
    writer.add_tensor("position_embd.weight", normal(_SHAPE.context, width, 0.1))
    writer.add_tensor("token_types.weight", normal(2, width, 0.01))
    norm("token_embd_norm")
    for layer in range(_SHAPE.layers):
        block = f"blk.{layer}."
        for name in ("attn_q", "attn_k", "attn_v"):
            linear(block + name, width, width)
        linear(f"{block}attn_output", width, width, gain=0.3)
        linear(f"{block}ffn_up", inner, width)
        linear(f"{block}ffn_down", width, inner, gain=0.3)
        norm(f"{block}attn_output_norm")
        norm(f"{block}layer_output_norm")
    finish(writer)
