"""The header reader: what it says of good files, and how it refuses bad ones."""

import os
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core import gguf
from app.core.errors import ModelLoadFailed
from app.core.gguf_types import FILE_TYPES, TENSOR_TYPES
from app.core.model_facts import ModelFacts, describe, read_facts
from scripts.make_model import build

Make = Callable[[str], Path]


def from_bytes(data: bytes, budget: int = gguf.MAX_HEADER_BYTES) -> gguf.Header:
    return gguf.read_header(lambda at, n: data[at : at + n], len(data), budget)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def pair(key: str, value: str | int) -> bytes:
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    return text(key) + struct.pack("<II", 4, value)


def strings(key: str, items: list[str]) -> bytes:
    head = text(key) + struct.pack("<IIQ", 9, 8, len(items))
    return head + b"".join(text(item) for item in items)


def tensor(name: str, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    head = text(name) + struct.pack("<I", len(shape))
    return head + struct.pack(f"<{len(shape)}QIQ", *shape, kind, offset)


def file(*pairs: bytes, tensors: tuple[bytes, ...] = (), data: int = 4096) -> bytes:
    values = (pair("general.architecture", "llama"), *pairs)
    start = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(values))
    return start + b"".join(values) + b"".join(tensors) + bytes(data)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder = tmp_path_factory.mktemp("models")

    def once(kind: str) -> Path:
        path = folder / f"{kind}.gguf"
        return path if path.exists() else build(kind, path)

    return once


def test_the_tables_agree_with_the_format() -> None:
    import gguf as reference

    sizes = {t.value: reference.GGML_QUANT_SIZES[t] for t in reference.GGMLQuantizationType}
    assert {n: (t.block, t.block_bytes) for n, t in TENSOR_TYPES.items()} == sizes
    names = {t.value: t.name.split("_", 1)[1] for t in reference.LlamaFileType if t.value < 1024}
    assert {n: name for n, name in FILE_TYPES.items() if name != "MXFP4"} == {
        n: name for n, name in names.items() if name != "MXFP4_MOE"
    }


def test_facts_of_a_chat_model(make: Make) -> None:
    path = make("tiny")
    facts = read_facts(path)
    assert (facts.kind, facts.architecture, facts.name) == ("chat", "llama", "Tiny")
    assert (facts.licence, facts.quantization) == ("mit", "F16")
    assert (facts.width, facts.heads, facts.trained_ctx, facts.vocabulary) == (256, 4, 32768, 2048)
    assert [(la.kv_heads, la.key_size, la.windowed) for la in facts.layers] == [(2, 64, False)] * 2
    assert "<|im_start|>" in facts.chat_template
    assert facts.special_tokens["eos"] == "<|im_end|>"
    header = path.stat().st_size - facts.weight_bytes
    assert 0 < header < 100_000


def test_facts_of_other_kinds(make: Make) -> None:
    def facts(kind: str) -> ModelFacts:
        return read_facts(make(kind))

    assert (facts("embed").kind, facts("embed").pooling) == ("embedding", "mean")
    assert facts("lora-a").kind == "adapter"
    swa = facts("swa")
    assert (swa.window, [la.windowed for la in swa.layers]) == (96, [True] * 5 + [False])
    assert facts("recurrent").recurrent
    assert [la.kv_heads for la in facts("recurrent").layers] == [0, 0]
    hybrid = facts("hybrid")
    assert [bool(la.state_bytes) for la in hybrid.layers] == [True, False]
    assert [la.kv_heads for la in hybrid.layers] == [0, 2]


def test_a_small_budget_gives_the_beginning(make: Make) -> None:
    data = make("tiny").read_bytes()
    asked: list[int] = []

    def read(offset: int, length: int) -> bytes:
        asked.append(offset + length)
        return data[offset : offset + length]

    header = gguf.read_header(read, len(data), budget=4096)
    assert not header.complete
    assert max(asked) <= 4096
    facts = describe(header)
    assert (facts.kind, facts.name, len(facts.layers), facts.trained_ctx) == (
        "chat",
        "Tiny",
        2,
        32768,
    )


def test_kinds_by_metadata() -> None:
    def kind(*pairs: bytes, weights: tuple[bytes, ...] = (tensor("a", (8,)),)) -> str:
        return describe(from_bytes(file(*pairs, tensors=weights))).kind

    assert kind() == "chat"
    assert kind(weights=()) == "other"
    assert kind(pair("general.type", "mmproj")) == "projector"
    assert kind(pair("general.type", "imatrix")) == "other"
    assert kind(pair("split.no", 1), pair("split.count", 3)) == "shard"
    assert kind(pair("llama.pooling_type", 4)) == "reranker"
    assert kind(pair("llama.pooling_type", 3)) == "embedding"


def test_long_lists_are_counted_and_found_again() -> None:
    tokens = [f"token{i}" for i in range(40_000)]
    data = file(strings("tokenizer.ggml.tokens", tokens), pair("after", "here"))
    header = from_bytes(data)
    array = header.array("tokenizer.ggml.tokens")
    assert array is not None
    assert (array.count, array.items) == (40_000, ())
    assert header.text("after") == "here"
    found = gguf.read_strings(
        lambda at, n: data[at : at + n], len(data), array, frozenset({0, 39_999, 20_001, 50_000})
    )
    assert found == {0: "token0", 20_001: "token20001", 39_999: "token39999"}


HUGE = 1 << 62
HOSTILE = {
    "empty": b"",
    "garbage": b"MZ" + bytes(100),
    "magic only": b"GGUF",
    "version 1": struct.pack("<4sIQQ", b"GGUF", 1, 0, 0),
    "big endian": struct.pack(">4sIQQ", b"GGUF", 3, 0, 0),
    "version 9": struct.pack("<4sIQQ", b"GGUF", 9, 0, 0),
    "tensor count": struct.pack("<4sIQQ", b"GGUF", 3, HUGE, 0),
    "value count": struct.pack("<4sIQQ", b"GGUF", 3, 0, HUGE),
    "no architecture": struct.pack("<4sIQQ", b"GGUF", 3, 0, 0),
    "key length": struct.pack("<4sIQQQ", b"GGUF", 3, 0, 1, HUGE),
    "long key": file(pair("k" * 600, 1)),
    "string length": file(text("k") + struct.pack("<IQ", 8, HUGE)),
    "string past the end": file(text("k") + struct.pack("<IQ", 8, 5000)),
    "array length": file(text("k") + struct.pack("<IIQ", 9, 4, HUGE)),
    "array past the end": file(text("k") + struct.pack("<IIQ", 9, 4, 1 << 22)),
    "strings past the end": file(text("k") + struct.pack("<IIQ", 9, 8, 2000) + text("a" * 5000)),
    "string in an array": file(text("k") + struct.pack("<IIQQ", 9, 8, 2000, HUGE)),
    "nested array": file(text("k") + struct.pack("<IIQ", 9, 9, 1)),
    "array type": file(text("k") + struct.pack("<IIQ", 9, 99, 1)),
    "value type": file(text("k") + struct.pack("<I", 13)),
    "twice": file(pair("k", 1), pair("k", 1)),
    "no layers": file(pair("llama.block_count", 0)),
    "layers": file(pair("llama.block_count", 1025)),
    "layers as text": file(pair("llama.block_count", "2")),
    "alignment 0": file(pair("general.alignment", 0)),
    "alignment 48": file(pair("general.alignment", 48)),
    "alignment huge": file(pair("general.alignment", 1 << 31)),
    "no dimensions": file(tensors=(tensor("a", ()),)),
    "five dimensions": file(tensors=(tensor("a", (1,) * 5),)),
    "zero rows": file(tensors=(tensor("a", (32, 0)),)),
    "overflow": file(tensors=(tensor("a", (1 << 40, 1 << 40)),)),
    "half a block": file(tensors=(tensor("a", (33,), kind=2),)),
    "unknown format": file(tensors=(tensor("a", (32,), kind=4),)),
    "same name": file(tensors=(tensor("a", (8,)), tensor("a", (8,), offset=32))),
    "misaligned": file(tensors=(tensor("a", (8,), offset=4),)),
    "past the end": file(tensors=(tensor("a", (8192,)),)),
    "offset past the end": file(tensors=(tensor("a", (8,), offset=1 << 40),)),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_headers_are_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(ModelLoadFailed) as caught:
        from_bytes(data)
    assert caught.value.message.endswith(".")
    assert len(caught.value.message) < 160


def test_every_truncation_is_refused(make: Make) -> None:
    data = make("lora-a").read_bytes()
    for length in (*range(0, 1600, 7), len(data) - 1):
        with pytest.raises(ModelLoadFailed):
            from_bytes(data[:length])


def test_too_much_text_is_refused_without_holding_it() -> None:
    big = "x" * (1 << 20)
    data = file(*(pair(f"k{i}", big) for i in range(40)))
    tracemalloc.start()
    try:
        with pytest.raises(ModelLoadFailed, match="too much text"):
            from_bytes(data)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_walking_a_long_list_holds_one_block() -> None:
    data = file(strings("tokens", ["abcdefgh"] * 400_000))
    tracemalloc.start()
    try:
        from_bytes(data)
        assert tracemalloc.get_traced_memory()[1] < 4 * gguf.BLOCK_BYTES
    finally:
        tracemalloc.stop()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.gguf"):
        with pytest.raises(ModelLoadFailed, match="cannot be read"):
            read_facts(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only where there are named pipes")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.gguf")
    with pytest.raises(ModelLoadFailed):
        gguf.read_file(tmp_path / "m.gguf")


def test_two_tables_of_positions_are_noticed() -> None:
    pairs = (
        pair("llama.context_length", 131_072),
        pair("llama.rope.scaling.original_context_length", 4096),
    )
    both = (tensor("rope_factors_long.weight", (8,)), tensor("rope_factors_short.weight", (8,)))
    assert describe(from_bytes(file(*pairs, tensors=both))).short_ctx == 4096
    one = (tensor("rope_freqs.weight", (8,)),)
    assert describe(from_bytes(file(*pairs, tensors=one))).short_ctx == 0
