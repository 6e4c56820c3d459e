"""Frames that cannot be written or read: said, never a silent end."""

from io import BytesIO

import msgspec
import pytest

from app.core.frames import (
    BrokenFrame,
    UnreadableCommand,
    encode,
    read_command,
    read_events,
)
from app.core.ids import RequestId
from app.core.messages import Tool
from app.core.protocol import Command, Finished, Generate, Shutdown, Stats, Tokenize


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "little") + payload


COMMAND = Tokenize(request_id=RequestId("t"), text="hello")


def test_commands_and_events_come_back_as_they_were() -> None:
    commands: list[Command] = [COMMAND, Shutdown(), Generate(request_id=RequestId("g"), prompt="x")]
    stream = BytesIO(b"".join(map(encode, commands)))
    assert [read_command(stream) for _ in commands] == commands
    assert read_command(stream) is None
    events = [Finished(request_id=RequestId("g"), reason="stop", stats=Stats())]
    assert read_events(BytesIO(encode([*events]))) == events


def _nested(depth: int) -> Tool:
    schema: dict[str, object] = {}
    for _ in range(depth):
        schema = {"items": schema}
    return Tool(name="t", description="", parameters=schema)


@pytest.mark.parametrize(
    "command",
    [
        Tokenize(request_id=RequestId("t"), text="half a pair \ud800"),
        Generate(request_id=RequestId("g"), tokens=(1 << 70,)),
        Generate(request_id=RequestId("g"), prompt="x", tools=(_nested(20_000),)),
    ],
)
def test_what_no_frame_can_hold_is_refused_when_it_is_written(command: Command) -> None:
    with pytest.raises(BrokenFrame):
        encode(command)


@pytest.mark.parametrize(
    "payload",
    [
        msgspec.msgpack.encode(COMMAND).replace(b"hello", b"he\xff\xfeo"),
        msgspec.msgpack.encode({"type": "tokenize", "request_id": "t", "text": 7}),
        msgspec.msgpack.encode({"type": "no such command", "request_id": "t"}),
    ],
)
def test_behind_an_unreadable_command_the_stream_goes_on(payload: bytes) -> None:
    stream = BytesIO(frame(payload) + encode(COMMAND))
    with pytest.raises(UnreadableCommand) as caught:
        read_command(stream)
    assert caught.value.request_id == "t"
    assert read_command(stream) == COMMAND


def _deep_command() -> bytes:
    """A request whose tool has a schema nested past what can be read."""
    values = {"type": "generate", "request_id": "t", "prompt": "x"}
    tool = {"name": "t", "description": "", "parameters": {"items": "DEEP"}}
    whole = msgspec.msgpack.encode({**values, "tools": [tool]})
    return whole.replace(msgspec.msgpack.encode("DEEP"), b"\x91" * 20_000 + b"\xc0")


@pytest.mark.parametrize(
    "data",
    [
        encode(COMMAND)[:-1],
        encode(COMMAND)[:2],
        b"\xff\xff\xff\xff" + b"x" * 100,
        frame(b"\xc1"),
        frame(_deep_command()),
        frame(msgspec.msgpack.encode([1, 2, 3])),
    ],
)
def test_a_stream_that_carries_no_frames_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenFrame) as caught:
        read_command(BytesIO(data))
    assert not isinstance(caught.value, UnreadableCommand)


def test_events_are_never_guessed() -> None:
    with pytest.raises(BrokenFrame):
        read_events(BytesIO(encode(COMMAND)))
