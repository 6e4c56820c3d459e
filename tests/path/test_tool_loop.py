"""A tool call made by a real engine, run on the host, and answered by the engine again."""

import queue
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app.bootstrap.rooms import Rooms, open_rooms
from app.chat.events import ChatEvent, ReplyFinished, ToolsAsked
from app.core.generator import Sink
from app.core.protocol import Generate, Request
from app.core.sampling import GREEDY
from app.core.settings import Settings, ToolSettings
from app.storage import messages
from tests.path.test_one_message import next_of

NAME = "current_time"


def force_calls(rooms: Rooms, sent: list[Generate]) -> None:
    """A small model rarely calls by itself: its first answer is bound to be a call."""
    submit: Callable[[Request, Sink], None] = rooms.pool.submit

    def bound(request: Request, sink: Sink) -> None:
        if isinstance(request, Generate) and request.priority == "interactive":
            if request.tools and request.messages[-1].role == "user":
                request = msgspec.structs.replace(request, tool_choice=NAME)
            sent.append(request)
        submit(request, sink)

    rooms.pool.submit = bound  # type: ignore[method-assign]


def with_tools(old: Settings, *, trusted: bool) -> Settings:
    return msgspec.structs.replace(
        old, tools=ToolSettings(enabled=(NAME,), trusted=(NAME,) if trusted else ())
    )


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "asked about"])
def test_the_engine_calls_a_tool_and_goes_on_with_its_result(
    tiny_model: Path, *, trusted: bool
) -> None:
    events: queue.Queue[ChatEvent] = queue.Queue()
    sent: list[Generate] = []
    with open_rooms(events.put, sampling=GREEDY, max_tokens=48) as rooms:
        rooms.settings.change(lambda old: with_tools(old, trusted=trusted))
        rooms.load(tiny_model).result(30)
        force_calls(rooms, sent)
        conversation = rooms.turns.start("What time is it?").result(5)
        calling = next_of(events, ReplyFinished, 60)
        assert isinstance(calling, ReplyFinished)
        assert calling.message.message.tool_calls, calling.message
        (call,) = calling.message.message.tool_calls
        assert (call.name, msgspec.json.decode(call.arguments)) == (NAME, {})
        if not trusted:
            asked = next_of(events, ToolsAsked)
            assert isinstance(asked, ToolsAsked)
            rooms.turns.answer_calls(conversation, asked.reply, allowed=True)
        answered = next_of(events, ReplyFinished, 60)
        assert isinstance(answered, ReplyFinished)
        assert answered.message.error is None
        assert answered.message.status in {"complete", "length"}
        branch = rooms.db.read(lambda tx: messages.path(tx, conversation)).result(5)
        assert [m.message.role for m in branch] == ["user", "assistant", "tool", "assistant"]
        assert (branch[2].message.tool_call_id, branch[2].message.text[:4].isalpha()) == (
            call.id,
            True,
        )
        # The engine read the result after the call, on top of what it had.
        assert answered.message.stats is not None
        assert answered.message.stats.reused_tokens > 0
        first, second = sent
        assert second.messages[: len(first.messages)] == first.messages
        assert second.messages[-1] == branch[2].message
