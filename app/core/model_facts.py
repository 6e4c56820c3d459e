"""What a GGUF header says about its model: a frozen value, derived once, shown everywhere.

Any thread; no state. Always true: whatever of the header is missing or nonsense becomes a
harmless default here; only `gguf` refuses files.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Literal

import msgspec

from app.core import gguf
from app.core.errors import ModelLoadFailed
from app.core.gguf import Array, Header
from app.core.gguf_types import FILE_TYPES

Kind = Literal["chat", "embedding", "reranker", "projector", "adapter", "shard", "other"]
Pooling = Literal["none", "mean", "cls", "last", "rank"]

_POOLINGS: tuple[Pooling, ...] = ("none", "mean", "cls", "last", "rank")
_ENCODERS = frozenset(
    "bert nomic-bert nomic-bert-moe jina-bert-v2 jina-bert-v3 neo-bert modern-bert eurobert "
    "gemma-embedding t5encoder".split()
)
# Every n-th layer sees the whole context, the others a window: fixed in the library, by
# architecture; where neither this nor the file tells, all layers count as full (never too little).
_WINDOW_PERIODS = {
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "gemma-embedding": 6,
    "cohere2": 4,
    "gpt-oss": 2,
    "llama4": 4,
    "exaone4": 4,
    "olmo2": 4,
    "smallthinker": 4,
}
_RECURRENT = ("mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7")
_BLOCK = re.compile(r"blk\.(\d{1,4})\.")
_SPECIAL = ("bos", "eos", "eot", "eom", "unknown", "padding", "separator", "mask")
_LARGEST = 1 << 31


class Layer(msgspec.Struct, frozen=True):
    weight_bytes: int
    kv_heads: int  # 0: no KV cache here
    key_size: int
    value_size: int
    windowed: bool = False
    state_bytes: int = 0  # of one sequence, where the layer is recurrent


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    architecture: str = ""
    name: str = ""
    size_label: str = ""
    licence: str = ""
    quantization: str = ""
    parameters: int = 0
    layers: tuple[Layer, ...] = ()
    input_bytes: int = 0  # the embedding table: stays on the CPU
    output_bytes: int = 0
    width: int = 0
    heads: int = 0
    vocabulary: int = 0
    trained_ctx: int = 0
    window: int = 0
    short_ctx: int = 0  # up to so many cells it turns its positions otherwise than past them
    experts: int = 0
    pooling: Pooling | None = None
    chat_template: str = ""
    special_tokens: dict[str, str] = {}
    split_index: int = 0
    split_count: int = 1

    @property
    def weight_bytes(self) -> int:
        return self.input_bytes + self.output_bytes + sum(la.weight_bytes for la in self.layers)

    @property
    def recurrent(self) -> bool:
        return any(layer.state_bytes for layer in self.layers)


def read_facts(path: Path) -> ModelFacts:
    header = gguf.read_file(path)
    return msgspec.structs.replace(describe(header), special_tokens=_tokens(path, header))


def describe(header: Header) -> ModelFacts:
    architecture = header.text("general.architecture")
    sizes = _Sizes(header, architecture)
    blocks, before, after = _tensor_bytes(header)
    count = min(sizes.number("block_count"), gguf.MAX_BLOCKS)
    pooling = sizes.number("pooling_type", -1)
    return ModelFacts(
        kind=_kind(header, architecture),
        architecture=architecture,
        name=header.text("general.name"),
        size_label=header.text("general.size_label"),
        licence=header.text("general.license"),
        quantization=_quantization(header),
        parameters=sum(tensor.elements for tensor in header.tensors),
        layers=tuple(sizes.layer(index, blocks[index]) for index in range(count)),
        input_bytes=before,
        output_bytes=after + sum(size for index, size in blocks.items() if index >= count),
        width=sizes.number("embedding_length"),
        heads=sizes.at("attention.head_count", 0),
        vocabulary=_vocabulary(header, sizes),
        trained_ctx=sizes.number("context_length"),
        window=sizes.window,
        short_ctx=_short_ctx(header, sizes),
        experts=sizes.number("expert_count"),
        pooling=_POOLINGS[pooling] if 0 <= pooling < len(_POOLINGS) else None,
        chat_template=header.text("tokenizer.chat_template"),
        split_index=_bounded(header.integer("split.no")),
        split_count=max(1, _bounded(header.integer("split.count"), 1)),
    )


def spread(facts: ModelFacts, size: int) -> ModelFacts:
    """The facts of a file whose tensors were not read: its bytes spread over its layers.

    The embedding and the head are taken as a byte a weight, a quarter of the file at most each.
    """
    if facts.weight_bytes or not facts.layers:
        return facts
    ends = min(facts.vocabulary * facts.width, size // 4)
    share = max(0, size - 2 * ends) // len(facts.layers)
    layers = tuple(msgspec.structs.replace(la, weight_bytes=share) for la in facts.layers)
    rest = size - 2 * ends - share * len(layers)
    return msgspec.structs.replace(facts, layers=layers, input_bytes=ends, output_bytes=ends + rest)


def resized(facts: ModelFacts, size: int) -> ModelFacts:
    """The facts of another quantization of the same model, whose file has this size."""
    known = facts.weight_bytes
    if not known:
        return spread(facts, size)
    share = size / known
    return msgspec.structs.replace(
        facts,
        layers=tuple(
            msgspec.structs.replace(layer, weight_bytes=int(layer.weight_bytes * share))
            for layer in facts.layers
        ),
        input_bytes=int(facts.input_bytes * share),
        output_bytes=int(facts.output_bytes * share),
    )


def _bounded(value: int, default: int = 0) -> int:
    return value if 0 <= value < _LARGEST else default


class _Sizes:
    """The numbers under an architecture's own prefix; some are one for all layers, some a list."""

    def __init__(self, header: Header, architecture: str) -> None:
        self._header, self._architecture = header, architecture
        self.window = self.number("attention.sliding_window")
        width, heads = self.number("embedding_length"), self.at("attention.head_count", 0)
        self._head_size = width // heads if heads else 0
        self._state_bytes = self._recurrent_bytes(width)
        self._interval = self.number("full_attention_interval")

    def number(self, key: str, default: int = 0) -> int:
        return _bounded(self._header.integer(f"{self._architecture}.{key}", default), default)

    def at(self, key: str, layer: int) -> int:
        array = self._header.array(f"{self._architecture}.{key}")
        if array is None:
            return self.number(key)
        item = array.items[layer] if layer < len(array.items) else 0
        return _bounded(item) if isinstance(item, int) else 0

    def layer(self, index: int, weight_bytes: int) -> Layer:
        windowed = self._windowed(index)
        suffix = "_swa" if windowed else ""
        key = self.number(f"attention.key_length{suffix}") or self.number("attention.key_length")
        value = self.number(f"attention.value_length{suffix}")
        value = value or self.number("attention.value_length")
        heads = self._kv_heads(index)
        return Layer(
            weight_bytes=weight_bytes,
            kv_heads=heads,
            key_size=key or self._head_size,
            value_size=value or self._head_size,
            windowed=windowed,
            state_bytes=self._state_bytes if self._recurrent(heads) else 0,
        )

    def _kv_heads(self, index: int) -> int:
        if self._architecture in _RECURRENT:
            return 0
        if self._interval and (index + 1) % self._interval:
            return 0  # a linear-attention layer between full ones
        array = self._header.array(f"{self._architecture}.attention.head_count_kv")
        given = self.at("attention.head_count_kv", index)
        return given if given or array else self.at("attention.head_count", index)

    def _recurrent(self, kv_heads: int) -> bool:
        return not kv_heads or self._architecture == "falcon-h1"

    def _windowed(self, index: int) -> bool:
        if not self.window:
            return False
        pattern = self._header.array(f"{self._architecture}.attention.sliding_window_pattern")
        if pattern and index < len(pattern.items):
            return bool(pattern.items[index])
        period = self.number("attention.sliding_window_pattern")
        period = period or _WINDOW_PERIODS.get(self._architecture, 0)
        return bool(period) and index % period < period - 1

    def _recurrent_bytes(self, width: int) -> int:
        """Float32 states, by the library's formulas for the Mamba, LFM2 and RWKV families."""
        kernel, inner = self.number("ssm.conv_kernel"), self.number("ssm.inner_size")
        state, groups = self.number("ssm.state_size"), self.number("ssm.group_count")
        if inner:
            return 4 * (max(0, kernel - 1) * (inner + 2 * groups * state) + state * inner)
        if cache := self.number("shortconv.l_cache"):
            return 4 * (cache - 1) * width
        if head := self.number("wkv.head_size"):
            return 4 * width * (2 + head)
        return 0


def _kind(header: Header, architecture: str) -> Kind:
    declared = header.text("general.type")
    if header.integer("split.no") > 0:
        return "shard"
    if architecture == "clip" or declared == "mmproj":
        return "projector"
    if declared == "adapter" or header.text("adapter.type"):
        return "adapter"
    if declared not in ("", "model") or (header.complete and not header.tensors):
        return "other"  # importance matrices, control vectors, bare vocabularies
    pooling = header.integer(f"{architecture}.pooling_type", -1)
    if pooling == _POOLINGS.index("rank"):
        return "reranker"
    encoder = architecture in _ENCODERS or not header.values.get(
        f"{architecture}.attention.causal", True
    )
    return "embedding" if encoder or pooling > 0 else "chat"


def _quantization(header: Header) -> str:
    by_type: Counter[str] = Counter()
    for tensor in header.tensors:
        by_type[tensor.type.name] += tensor.bytes
    declared = FILE_TYPES.get(header.integer("general.file_type", -1), "")
    if not by_type:
        return declared
    # Some converters leave the field at F16 and quantize anyway: then the bytes know better.
    main = by_type.most_common(1)[0][0]
    return main if not declared or (declared[0] == "F" and main[0] != "F") else declared


def _short_ctx(header: Header, sizes: _Sizes) -> int:
    """LongRoPE: the library picks one of two tables by the size of the whole context."""
    if not any(tensor.name.startswith("rope_factors_short") for tensor in header.tensors):
        return 0
    return sizes.number("rope.scaling.original_context_length", sizes.number("context_length"))


def _vocabulary(header: Header, sizes: _Sizes) -> int:
    tokens = header.array("tokenizer.ggml.tokens")
    return tokens.count if tokens else sizes.number("vocab_size")


def _tensor_bytes(header: Header) -> tuple[Counter[int], int, int]:
    """Bytes by layer, of the input embedding, and of the rest."""
    blocks: Counter[int] = Counter()
    before = after = 0
    for tensor in header.tensors:
        if match := _BLOCK.match(tensor.name):
            blocks[int(match[1])] += tensor.bytes
        elif tensor.name.startswith(("token_embd", "position_embd", "token_types")):
            before += tensor.bytes
        else:
            after += tensor.bytes
    return blocks, before, after


def _tokens(path: Path, header: Header) -> dict[str, str]:
    """The special tokens' texts; the vocabulary is walked a second time for these few."""
    ids = {name: header.integer(f"tokenizer.ggml.{name}_token_id", -1) for name in _SPECIAL}
    ids = {name: index for name, index in ids.items() if index >= 0}
    array = header.array("tokenizer.ggml.tokens") or Array(0)
    try:
        with path.open("rb") as file:

            def read(offset: int, length: int) -> bytes:
                file.seek(offset)
                return file.read(length)

            texts = gguf.read_strings(read, file.seek(0, 2), array, frozenset(ids.values()))
    except OSError as error:
        raise ModelLoadFailed("The model file cannot be read any more.") from error
    return {name: texts[index] for name, index in ids.items() if index in texts}
