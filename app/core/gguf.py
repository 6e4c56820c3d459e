"""Reads the header of a GGUF file that may be hostile: bounded, streaming, by ranges.

Any thread; no state. Bytes come from a `ReadRange`, so a local file and an HTTP server read the
same way. Always true: whatever the bytes say, reading ends in a `Header` or in ModelLoadFailed,
holds at most one block and the values it returns (see the limits below), and never reads past
the header. Large arrays (vocabularies) are walked, not kept.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec

from app.core.errors import ModelLoadFailed
from app.core.gguf_types import TENSOR_TYPES, TensorType

# Up to `length` bytes from `offset`; fewer only at the end of the file.
ReadRange = Callable[[int, int], bytes]
Scalar = bool | int | float | str

MAX_HEADER_BYTES = 64 << 20  # the largest vocabularies take some 16 MB
MAX_VALUES = 1 << 16
MAX_TENSORS = 1 << 16
MAX_NAME_BYTES = 512
MAX_STRING_BYTES = 2 << 20  # a chat template, a licence
MAX_ITEMS = 1 << 23  # of an array
MAX_KEPT_ITEMS = 1024  # longer arrays are walked and counted
MAX_KEPT_BYTES = 16 << 20  # of all values together
MAX_BLOCKS = 1024
BLOCK_BYTES = 1 << 18

_SCALARS = dict(zip((*range(8), 10, 11, 12), "BbHhIif?Qqd", strict=True))
_STRING, _ARRAY = 8, 9
_BROKEN = "This model file is damaged or not a model ({why}). Download it again."


class Array(msgspec.Struct, frozen=True):
    """An array of the header; `items` is empty when it was too long to keep."""

    count: int
    items: tuple[Scalar, ...] = ()
    offset: int = 0  # of its first item, for `read_strings`


Value = Scalar | Array


class Tensor(msgspec.Struct, frozen=True):
    name: str
    shape: tuple[int, ...]
    type: TensorType
    offset: int  # from the start of the tensor data

    @property
    def elements(self) -> int:
        product = 1
        for size in self.shape:
            product *= size
        return product

    @property
    def bytes(self) -> int:
        return self.elements // self.type.block * self.type.block_bytes


class Header(msgspec.Struct, frozen=True):
    version: int
    values: dict[str, Value]
    tensors: tuple[Tensor, ...] = ()
    data_offset: int = 0
    complete: bool = True  # False: the byte budget ended before the header did

    def text(self, key: str, default: str = "") -> str:
        value = self.values.get(key)
        return value if isinstance(value, str) else default

    def integer(self, key: str, default: int = 0) -> int:
        value = self.values.get(key)
        return value if isinstance(value, int) else default

    def array(self, key: str) -> Array | None:
        value = self.values.get(key)
        return value if isinstance(value, Array) else None


def broken(why: str) -> ModelLoadFailed:
    return ModelLoadFailed(_BROKEN.format(why=why))


class _OutOfBudget(Exception):
    pass


class _Cursor:
    """A position in the file and one block of it; moving on is all it can do."""

    def __init__(self, read: ReadRange, size: int, budget: int, start: int = 0) -> None:
        self._read, self._size = read, size
        self._end = min(start + budget, size)
        self._block = b""
        self._block_at = start
        self._at = 0  # in the block

    @property
    def offset(self) -> int:
        return self._block_at + self._at

    def take(self, count: int) -> bytes:
        if self._at + count > len(self._block):
            self._fill(count)
        data = self._block[self._at : self._at + count]
        self._at += count
        return data

    def skip(self, count: int) -> None:
        """Passes over bytes without holding them."""
        if self._at + count <= len(self._block):
            self._at += count
            return
        self._check(count)
        self._block_at, self._block, self._at = self.offset + count, b"", 0

    def skip_strings(self, count: int) -> None:
        """The same for strings; their lengths must be read, so this is the hot loop."""
        unpack = struct.Struct("<Q").unpack_from
        while count:
            block, at, limit = self._block, self._at, len(self._block) - 8
            while count and at <= limit:
                at += 8 + unpack(block, at)[0]
                count -= 1
            if at <= len(block):
                self._at = at
                if count:
                    self._fill(8)
            else:
                self.skip(at - self._at)

    def _check(self, count: int) -> None:
        if self.offset + count > self._end:
            if self.offset + count > self._size:
                raise broken("it ends inside its header")
            raise _OutOfBudget

    def _fill(self, count: int) -> None:
        self._check(count)
        start = self.offset
        wanted = min(max(count, BLOCK_BYTES), self._end - start)
        data = self._read(start, wanted)
        if len(data) < count:
            raise broken("it ends inside its header")
        self._block_at, self._block, self._at = start, data[:wanted], 0


class _Reader:
    def __init__(self, cursor: _Cursor) -> None:
        self._cursor = cursor
        self._kept = 0

    def number(self, code: str) -> int:
        return cast("int", struct.unpack(f"<{code}", self._cursor.take(struct.calcsize(code)))[0])

    def string(self, limit: int = MAX_STRING_BYTES) -> str:
        length = self.number("Q")
        if length > limit:
            raise broken(f"a text of {length:,} bytes in its header")
        self._keep(length)
        return self._cursor.take(length).decode("utf-8", "replace")

    def value(self) -> Value:
        kind = self.number("I")
        return self._array() if kind == _ARRAY else self._scalar(kind)

    def tensor(self) -> Tensor:
        name = self.string(MAX_NAME_BYTES)
        dimensions = self.number("I")
        if not 1 <= dimensions <= 4:
            raise broken(f"a tensor with {dimensions} dimensions")
        shape = struct.unpack(f"<{dimensions}Q", self._cursor.take(8 * dimensions))
        kind = self.number("I")
        if kind not in TENSOR_TYPES:
            raise ModelLoadFailed(
                f"This model uses a number format that this version does not know ({kind}). "
                "Update the app or choose another quantization."
            )
        tensor = Tensor(name, shape, TENSOR_TYPES[kind], self.number("Q"))
        if not all(shape) or tensor.elements >= 1 << 48 or shape[0] % tensor.type.block:
            raise broken("a tensor with an impossible shape")
        return tensor

    def _keep(self, size: int) -> None:
        self._kept += size
        if self._kept > MAX_KEPT_BYTES:
            raise broken("its header holds too much text")

    def _scalar(self, kind: int) -> Scalar:
        if kind == _STRING:
            return self.string()
        if kind not in _SCALARS:
            raise broken(f"an unknown value type {kind}")
        return self.number(_SCALARS[kind])

    def _array(self) -> Array:
        kind, count = self.number("I"), self.number("Q")
        if count > MAX_ITEMS:
            raise broken(f"a list of {count:,} items in its header")
        offset = self._cursor.offset
        if kind != _STRING and kind not in _SCALARS:
            raise broken(f"a list of an unknown type {kind}")
        if count <= MAX_KEPT_ITEMS:
            self._keep(8 * count)
            return Array(count, tuple(self._scalar(kind) for _ in range(count)), offset)
        if kind == _STRING:
            self._cursor.skip_strings(count)
        else:
            self._cursor.skip(count * struct.calcsize(_SCALARS[kind]))
        return Array(count, offset=offset)


def read_header(read: ReadRange, size: int, budget: int = MAX_HEADER_BYTES) -> Header:
    """The header of a file of `size` bytes; with a smaller `budget` perhaps only its beginning."""
    cursor = _Cursor(read, size, budget)
    reader = _Reader(cursor)
    values: dict[str, Value] = {}
    try:
        version, tensor_count, value_count = _read_start(cursor, reader)
    except _OutOfBudget:
        raise broken("its header is cut off") from None
    try:
        for _ in range(value_count):
            key = reader.string(MAX_NAME_BYTES)
            if key in values:
                raise broken("a value given twice")
            values[key] = reader.value()
        _check_values(values)
        tensors = tuple(reader.tensor() for _ in range(tensor_count))
    except _OutOfBudget:
        if budget >= MAX_HEADER_BYTES:
            raise broken("its header is too large") from None
        return Header(version, values, complete=False)
    alignment = _alignment(values)
    data_offset = -(-cursor.offset // alignment) * alignment
    _check_tensors(tensors, data_offset, alignment, size)
    return Header(version, values, tensors, data_offset)


def _read_start(cursor: _Cursor, reader: _Reader) -> tuple[int, int, int]:
    if cursor.take(4) != b"GGUF":
        raise broken("it does not begin like a GGUF file")
    version = reader.number("I")
    if version == 1 or version & 0xFFFF == 0:
        raise ModelLoadFailed(
            "This model file has an old or big-endian format. Look for a newer one."
        )
    if version not in (2, 3):
        raise broken(f"format version {version}")
    tensors, values = reader.number("Q"), reader.number("Q")
    if tensors > MAX_TENSORS or values > MAX_VALUES:
        raise broken("impossible counts in its header")
    return version, tensors, values


def _alignment(values: dict[str, Value]) -> int:
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment not in (1 << n for n in range(3, 17)):
        raise broken("an impossible alignment")
    return alignment


def _check_values(values: dict[str, Value]) -> None:
    """What makes llama.cpp abort instead of refusing."""
    architecture = values.get("general.architecture")
    if not isinstance(architecture, str):
        # Shards after the first may leave everything out but their number.
        if "split.no" in values:
            return
        raise broken("it names no architecture")
    blocks = values.get(f"{architecture}.block_count")
    if blocks is not None and (not isinstance(blocks, int) or not 1 <= blocks <= MAX_BLOCKS):
        raise broken("an impossible number of layers")


def _check_tensors(
    tensors: tuple[Tensor, ...], data_offset: int, alignment: int, size: int
) -> None:
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise broken("a tensor given twice")
    for tensor in tensors:
        if tensor.offset % alignment:
            raise broken("a tensor out of place")
        if data_offset + tensor.offset + tensor.bytes > size:
            raise ModelLoadFailed("This model file is incomplete. Download it again.")


def read_file(path: Path) -> Header:
    try:
        if path.is_fifo():  # to open one waits for somebody who writes
            raise broken("it is no file")
        with path.open("rb") as file:

            def read(offset: int, length: int) -> bytes:
                file.seek(offset)
                return file.read(length)

            return read_header(read, file.seek(0, 2))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelLoadFailed(f"The model file cannot be read: {reason}.") from error


def read_strings(
    read: ReadRange, size: int, array: Array, wanted: frozenset[int]
) -> dict[int, str]:
    """The strings at some places of an array that was too long to keep."""
    found = {i: item for i, item in enumerate(array.items) if i in wanted and isinstance(item, str)}
    if array.items or not wanted:
        return found
    cursor = _Cursor(read, size, MAX_HEADER_BYTES, start=array.offset)
    reader = _Reader(cursor)
    at = 0
    for index in sorted(i for i in wanted if 0 <= i < array.count):
        cursor.skip_strings(index - at)
        found[index] = reader.string()
        at = index + 1
    return found
