"""The template in the model's file renders conversations as the lessons had them."""

import json
from collections.abc import Sequence
from random import Random

import pytest

from app.chat.tools import built_in
from app.core.messages import Message, ToolCall
from app.engine.template import ChatTemplate, Ends
from app.engine.template_probe import Source, probe
from scripts.starter.chatml import TEMPLATE
from scripts.starter.lessons import of_kind
from scripts.starter.talk import Said
from scripts.starter.wishes import tools_text

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


@pytest.fixture(scope="module")
def template() -> ChatTemplate:
    ends = Ends("<|endoftext|>", "<|im_end|>")
    return ChatTemplate(TEMPLATE, probe(Source(TEMPLATE, *ends)), ends, SPECIALS)


def learnt(said: Sequence[Said]) -> str:
    return "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in said)


def messages(said: Sequence[Said]) -> tuple[list[Message], bool]:
    """As the app keeps them, and whether tools were offered."""
    kept: list[Message] = []
    tools = False
    for role, whole in said:
        text = whole
        if role == "system" and tools_text() in text:
            tools = True
            text = text.removesuffix(tools_text()).removesuffix("\n\n")
        if role == "assistant" and text.startswith("<tool_call>"):
            body = json.loads(text.removeprefix("<tool_call>").removesuffix("</tool_call>"))
            call = ToolCall("call_1", body["name"], json.dumps(body["arguments"]))
            kept.append(Message(role="assistant", tool_calls=(call,)))
        elif role == "tool":
            kept.append(Message(role="tool", content=text, tool_call_id="call_1"))
        elif text:
            kept.append(Message(role=role, content=text))  # pyright: ignore[reportArgumentType]
    return kept, tools


@pytest.mark.parametrize("kind", ["chat", "wind", "recall", "tools", "title"])
def test_it_says_what_the_lessons_said(kind: str, template: ChatTemplate) -> None:
    offered = [host.tool for host in built_in()]
    for number in range(12):
        said = of_kind(kind, 700, Random(number))
        kept, tools = messages(said[:-1])
        prompt = template.prompt(kept, offered if tools else ())
        assert prompt.text == learnt(said[:-1]) + "<|im_start|>assistant\n"


def test_the_engine_finds_it_able(template: ChatTemplate) -> None:
    report = template.report
    assert (report.tools, report.system_role, report.stable_prefix) == (True, True, True)
    assert (report.strict_alternation, report.source) == (False, "model")
