"""Length-prefixed msgpack frames over a byte stream.

Never pickle: the child parses hostile files. A frame past the cap or a stream that ends
inside one is a BrokenFrame; a stream that ends between frames is a clean end.
"""

from typing import Protocol, TypeVar

import msgspec

from app.core.ids import RequestId
from app.core.protocol import Command, Event

MAX_FRAME_BYTES = 64 * 1024 * 1024
_HEADER_BYTES = 4

T = TypeVar("T")


class _Envelope(msgspec.Struct):
    request_id: RequestId


_encoder = msgspec.msgpack.Encoder()
_commands: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(Command)
_envelopes = msgspec.msgpack.Decoder(_Envelope)
_events: msgspec.msgpack.Decoder[list[Event]] = msgspec.msgpack.Decoder(list[Event])


class BrokenFrame(Exception):
    pass


class UnreadableCommand(BrokenFrame):
    """A whole frame that holds no command of ours; the stream goes on behind it."""

    def __init__(self, reason: str, request_id: RequestId) -> None:
        super().__init__(reason)
        self.request_id = request_id  # as far as it could be told


class ByteSource(Protocol):
    def read(self, size: int, /) -> bytes | None: ...


def encode(value: Command | list[Event]) -> bytes:
    try:
        payload = _encoder.encode(value)
    # Half a surrogate pair, a huge number, a schema nested without end.
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise BrokenFrame(str(error)) from error
    if len(payload) > MAX_FRAME_BYTES:
        raise BrokenFrame(f"a frame of {len(payload):,} bytes is over the limit")
    return len(payload).to_bytes(_HEADER_BYTES, "little") + payload


def read_command(stream: ByteSource) -> Command | None:
    payload = _read_payload(stream)
    if payload is None:
        return None
    try:
        return _decode(_commands, payload)
    except BrokenFrame as broken:
        envelope = _decode(_envelopes, payload)
        raise UnreadableCommand(str(broken), envelope.request_id) from broken


def read_events(stream: ByteSource) -> list[Event] | None:
    payload = _read_payload(stream)
    return None if payload is None else _decode(_events, payload)


def _decode(decoder: msgspec.msgpack.Decoder[T], payload: bytes) -> T:
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenFrame(str(error)) from error


def _read_payload(stream: ByteSource) -> bytes | None:
    header = _read_exactly(stream, _HEADER_BYTES)
    if not header:
        return None
    size = int.from_bytes(header, "little")
    if len(header) < _HEADER_BYTES or size > MAX_FRAME_BYTES:
        raise BrokenFrame("the stream does not carry frames")
    payload = _read_exactly(stream, size)
    if len(payload) < size:
        raise BrokenFrame("the stream ended inside a frame")
    return payload


def _read_exactly(stream: ByteSource, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        block = stream.read(size - len(data))
        if not block:
            break
        data += block
    return bytes(data)
