"""Tools: off until switched on, asked about until trusted, bounded, and always answered."""

import time

import pytest

from app.chat.calculator import calculate
from app.chat.events import MessageAdded, ReplyDelta, ReplyFinished, ToolsAsked, TurnRefused
from app.chat.tools import DECLINED, MAX_ROUNDS, HostTool, Toolbox
from app.core.errors import InvalidRequest
from app.core.ids import ConversationId
from app.core.messages import Tool, ToolCall
from app.core.protocol import Generate
from app.core.settings import ToolSettings

from .conftest import Chat

CALL = ToolCall("call-1", "calculator", '{"expression": "6*7"}')
ASKED = ToolSettings(enabled=("calculator",))
TRUSTED = ToolSettings(enabled=("calculator",), trusted=("calculator",))


def call_once(request: Generate) -> tuple[ToolCall, ...]:
    wants = request.tools and request.messages[-1].role == "user"
    return (CALL,) if wants else ()


def roles(chat: Chat, conversation: ConversationId) -> list[str]:
    return [stored.message.role for stored in chat.branch(conversation)]


def test_nothing_is_offered_until_it_is_switched_on(chat: Chat) -> None:
    chat.turns.start("What is 6 times 7?").result()
    chat.wait_for(ReplyFinished)
    assert chat.last_asked().tools == ()


def test_a_trusted_tool_runs_and_the_model_goes_on_with_its_result(chat: Chat) -> None:
    chat.tool_settings, chat.model.call = TRUSTED, call_once
    conversation = chat.turns.start("What is 6 times 7?").result()
    chat.wait_for(ReplyFinished, 2)
    assert roles(chat, conversation) == ["user", "assistant", "tool", "assistant"]
    asked = chat.last_asked()
    assert [tool.name for tool in asked.tools] == ["calculator"]
    assert asked.messages[1].tool_calls == (CALL,)
    assert (asked.messages[2].text, asked.messages[2].tool_call_id) == ("42", "call-1")
    assert not any(isinstance(event, ToolsAsked) for event in chat.events)
    assert len(chat.wait_for(MessageAdded, 4)) == 4


def test_a_trusted_tool_does_not_run_after_stop(chat: Chat) -> None:
    chat.tool_settings, chat.model.call = TRUSTED, call_once
    chat.model.gate.clear()
    conversation = chat.turns.start("What is 6 times 7?").result()
    chat.wait_for(ReplyDelta)
    chat.turns.stop(conversation)
    chat.wait_for(ReplyFinished)
    chat.turns.send(conversation, "Go on")
    chat.wait_for(ReplyFinished, 2)
    # It was declined when the next message came, not run before.
    assert roles(chat, conversation)[:4] == ["user", "assistant", "tool", "user"]
    assert chat.branch(conversation)[2].message.text == DECLINED


def test_an_untrusted_call_waits_for_the_user(chat: Chat) -> None:
    chat.tool_settings, chat.model.call = ASKED, call_once
    conversation = chat.turns.start("What is 6 times 7?").result()
    (asked,) = chat.wait_for(ToolsAsked)
    assert isinstance(asked, ToolsAsked)
    assert asked.calls == (CALL,)
    assert roles(chat, conversation) == ["user", "assistant"]
    chat.turns.answer_calls(conversation, asked.reply, allowed=True)
    chat.wait_for(ReplyFinished, 2)
    assert chat.branch(conversation)[2].message.text == "42"
    # It cannot be answered twice.
    chat.turns.answer_calls(conversation, asked.reply, allowed=True)
    chat.wait_for(TurnRefused)
    assert roles(chat, conversation) == ["user", "assistant", "tool", "assistant"]


def test_a_declined_call_is_told_to_the_model(chat: Chat) -> None:
    chat.tool_settings, chat.model.call = ASKED, call_once
    conversation = chat.turns.start("What is 6 times 7?").result()
    (asked,) = chat.wait_for(ToolsAsked)
    assert isinstance(asked, ToolsAsked)
    chat.turns.answer_calls(conversation, asked.reply, allowed=False)
    chat.wait_for(ReplyFinished, 2)
    assert chat.last_asked().messages[-1].text == DECLINED


def test_a_new_message_declines_calls_that_nobody_answered(chat: Chat) -> None:
    chat.tool_settings, chat.model.call = ASKED, call_once
    conversation = chat.turns.start("What is 6 times 7?").result()
    chat.wait_for(ToolsAsked)
    chat.turns.send(conversation, "Never mind.")
    chat.wait_for(ReplyFinished, 2)
    assert roles(chat, conversation) == ["user", "assistant", "tool", "user", "assistant"]
    assert chat.branch(conversation)[2].message.text == DECLINED


def test_a_model_that_never_stops_calling_has_to_answer_in_words(chat: Chat) -> None:
    chat.tool_settings = TRUSTED
    chat.model.call = lambda request: (CALL,) if request.tools else ()
    conversation = chat.turns.start("Go").result()
    chat.wait_for(ReplyFinished, MAX_ROUNDS + 1)
    assert roles(chat, conversation).count("tool") == MAX_ROUNDS
    assert roles(chat, conversation)[-1] == "assistant"
    # The next question may call again.
    chat.model.call = lambda request: ()
    chat.turns.send(conversation, "And now?")
    chat.wait_for(ReplyFinished, MAX_ROUNDS + 2)
    assert chat.last_asked().tools != ()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (ToolCall("1", "rm", "{}"), "There is no tool rm."),
        (ToolCall("1", "current_time", "{}"), "There is no tool current_time."),  # not enabled
        (ToolCall("1", "calculator", "{"), "arguments"),
        (ToolCall("1", "calculator", "[1]"), "arguments"),
        (ToolCall("1", "calculator", '{"expression": "import os"}'), "Write numbers"),
        (ToolCall("1", "broken", "{}"), "The tool failed (KeyError)."),
    ],
)
def test_what_goes_wrong_is_the_calls_result(call: ToolCall, said: str) -> None:
    def broken(arguments: object) -> str:
        raise KeyError(arguments)

    from app.chat.tools import built_in

    tools = (*built_in(), HostTool(Tool(name="broken", description="", parameters={}), broken))
    box = Toolbox(tools, lambda: ToolSettings(enabled=("calculator", "broken")))
    (result,) = box.results([call], allowed=True)
    assert said in result.text
    assert result.tool_call_id == "1"


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("6*7", "42"),
        ("2^10 - 1", "1023"),
        ("0.1 + 0.2", "0.3"),
        ("sqrt(2)", "1.4142135623731"),
        ("-7 // 2", "-4"),
        ("2**100", str(2**100)),
        ("max(1, 2, 3) × 2", "6"),
        ("round(2 * pi, 2)", "6.28"),
        ("round(2.5)", "2"),
        ("round(1234, -2)", "1200"),
    ],
)
def test_the_calculator_calculates(expression: str, result: str) -> None:
    assert calculate(expression).startswith(result[:14])
    assert len(calculate(expression)) <= len(result) + 2


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9**9", "2**99999", "1/0", "__import__('os')", "(1).__class__", "[1]*9", "'a'*9",
        "lambda: 1", "x", "", "(" * 150 + "1" + ")" * 149, "1" * 301, "sqrt(-1)", "(-8)**0.5",
        "10.0**400", "True + 1", "sqrt(1, 2)", "max()", "1 if 1 else 2", "-" * 299 + "1j",
        "round(5, -9999999)", "round(5, 1.5)",
    ],
)  # fmt: skip
def test_the_calculator_refuses_with_a_sentence_and_at_once(expression: str) -> None:
    started = time.monotonic()
    with pytest.raises(InvalidRequest, match=r"\.$"):
        calculate(expression)
    assert time.monotonic() - started < 1
