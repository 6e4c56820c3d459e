"""Prompts: messages shaped to suit a template, with notes; tools in words; continuing a reply."""

import pytest

from app.core.errors import InvalidRequest
from app.core.messages import ImagePart, Message, TextPart, Tool, ToolCall
from app.engine import normalise
from app.engine.parse import OutputParser
from app.engine.reasoning import CHANNEL
from app.engine.template import ChatTemplate, Ends
from app.engine.template_probe import Source, probe
from tests.engine import chat_templates as ct

LOOK = Tool(name="look", description="Looks.", parameters={"type": "object"})
CALL = ToolCall("call_abc", "look", '{"x": 1}')


def template(source: str) -> ChatTemplate:
    ends = Ends("<s>", "</s>")
    return ChatTemplate(source, probe(Source(source, *ends)), ends, ())


def system(text: str) -> Message:
    return Message(role="system", content=text)


def user(text: str) -> Message:
    return Message(role="user", content=text)


def answer(text: str, **more: object) -> Message:
    return Message(role="assistant", content=text, **more)  # type: ignore[arg-type]


USED = [
    user("Q"),
    answer("", tool_calls=(CALL,)),
    Message(role="tool", content="sunny", tool_call_id=CALL.id),
]


def test_messages_that_suit_pass_without_a_note() -> None:
    prompt = template(ct.CHATML).prompt([system("S"), user("Q"), answer("A"), user("R")])
    assert prompt.notes == ()
    assert prompt.text == (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n"
        "<|im_start|>assistant\nA<|im_end|>\n<|im_start|>user\nR<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_a_system_prompt_goes_into_the_first_user_message_where_there_is_no_such_role() -> None:
    prompt = template(ct.STRICT).prompt([system("Be brief."), user("Q")])
    assert "<start_of_turn>user\nBe brief.\n\nQ<end_of_turn>" in prompt.text
    assert prompt.notes == (normalise.SYSTEM_FOLDED,)


def test_neighbours_are_joined_where_turns_must_alternate() -> None:
    said = [user("one"), user("two"), answer("a"), answer("b"), user("three")]
    prompt = template(ct.STRICT).prompt(said)
    assert "one\n\ntwo" in prompt.text
    assert "a\n\nb" in prompt.text
    assert prompt.notes == (normalise.MERGED,)


def test_a_conversation_that_begins_with_the_assistant() -> None:
    prompt = template(ct.STRICT).prompt([answer("Hello!"), user("Q")])
    assert prompt.notes == (normalise.OPENED,)
    assert "Hello!" in prompt.text


@pytest.mark.parametrize("source", [ct.STRICT, ct.NINE, ct.PARTS, ct.CHATML, ct.THINKING])
def test_nothing_said_is_lost(source: str) -> None:
    said = [
        system("S1"), user("Q1"), user("Q2"), answer("A1"), system("S2"), user("Q3"),
        answer("", tool_calls=(CALL,)),
        Message(role="tool", content="sunny", tool_call_id=CALL.id),
        answer("A2"), system("S3"),
    ]  # fmt: skip
    chat = template(source)
    prompt = chat.prompt(said, [LOOK])
    for needle in ("S1", "Q1", "Q2", "A1", "S2", "Q3", '"x": 1', "sunny", "A2", "S3"):
        assert needle in prompt.text, needle


def test_pictures_are_left_out_with_a_note() -> None:
    parts = (TextPart("see "), ImagePart("image/png", b"..."), TextPart("this"))
    prompt = template(ct.CHATML).prompt([Message(role="user", content=parts)])
    assert "see this" in prompt.text
    assert prompt.notes == (normalise.NO_IMAGES,)


def test_tools_reach_a_template_that_knows_them() -> None:
    prompt = template(ct.THINKING).prompt([system("S"), *USED], [LOOK])
    assert prompt.notes == ()
    assert '"name": "look"' in prompt.text
    assert '{"name": "look", "arguments": {"x": 1}}' in prompt.text
    assert "<tool_response>sunny</tool_response>" in prompt.text


def test_call_ids_are_made_to_fit() -> None:
    prompt = template(ct.NINE).prompt([*USED, answer("It is."), user("R")], [LOOK])
    assert '"arguments": {"x": 1}, "id": "' in prompt.text


@pytest.mark.parametrize("source", [ct.CHATML, ct.STRICT])
def test_tools_in_words_where_the_template_ignores_them(source: str) -> None:
    prompt = template(source).prompt(USED, [LOOK])
    assert normalise.EMULATED in prompt.notes
    assert '"description": "Looks."' in prompt.text
    assert "Result of look:\nsunny" in prompt.text
    shown = prompt.text[prompt.text.rindex("<tool_call>") :]
    call = OutputParser(tools=("look",)).feed(shown.encode()).calls[0]
    assert (call.name, call.arguments) == ("look", '{"x": 1}')  # read back as it was said


def test_the_thinking_switch_reaches_the_template() -> None:
    chat = template(ct.THINKING)
    assert chat.prompt([user("Q")], reasoning=False).text.endswith("<think>\n\n</think>\n\n")
    assert chat.prompt([user("Q")], reasoning=True).text.endswith("assistant\n")


def test_an_opened_thinking_block_is_told_and_can_be_closed() -> None:
    chat = template(ct.OPENS_THINKING)
    assert chat.prompt([user("Q")]).opened == "<think>"
    now = chat.prompt([user("Q")], answer_now=True)
    assert now.opened == ""
    assert now.text.endswith("<think>\n\n</think>\n\n")


BRACKETS = ct.CHATML + "{# these think in [THINK] #}"
CHANNELS = (
    "{% for m in messages %}{{ '<|start|>' + m.role + '<|message|>' + m.content + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}"
    "{# <|channel|>analysis<|message|> #}"
)


def test_continuing_leaves_the_last_message_open() -> None:
    prompt = template(ct.CHATML).prompt([user("Q"), answer("It is")], continue_last=True)
    assert prompt.text.endswith("<|im_start|>assistant\nIt is")
    assert prompt.opened == ""


@pytest.mark.parametrize(
    ("source", "last", "end", "opened"),
    [
        (ct.OPENS_THINKING, answer("", reasoning="hm"), "<think>\nhm", "<think>"),
        (ct.OPENS_THINKING, answer("So", reasoning="hm"), "<think>\nhm\n</think>\n\nSo", ""),
        (ct.OPENS_THINKING, answer("So"), "<think>\n\n</think>\n\nSo", ""),
        (ct.OPENS_THINKING, answer(""), "<think>\n", "<think>"),
        (ct.THINKING, answer("", reasoning="hm"), "assistant\n<think>\nhm", "<think>"),
        (ct.THINKING, answer("So", reasoning="hm"), "<think>\nhm\n</think>\n\nSo", ""),
        (BRACKETS, answer("", reasoning="hm"), "assistant\n[THINK]\nhm", "[THINK]"),
        (BRACKETS, answer("So", reasoning="hm"), "[THINK]\nhm\n[/THINK]\n\nSo", ""),
        (CHANNELS, answer("", reasoning="hm"), f"assistant{CHANNEL}hm", CHANNEL),
        (
            CHANNELS,
            answer("So", reasoning="hm"),
            f"assistant{CHANNEL}hm<|end|><|start|>assistant<|channel|>final<|message|>So",
            "",
        ),
        (CHANNELS, answer("So"), "<|start|>assistant<|channel|>final<|message|>So", ""),
    ],
)
def test_continuing_inside_or_after_the_thinking(
    source: str, last: Message, end: str, opened: str
) -> None:
    prompt = template(source).prompt([user("Q"), last], continue_last=True)
    assert prompt.text.endswith(end)
    assert prompt.opened == opened


@pytest.mark.parametrize("last", [user("Q"), answer("", tool_calls=(CALL,))])
def test_only_an_answer_can_be_continued(last: Message) -> None:
    with pytest.raises(InvalidRequest, match="continued"):
        template(ct.CHATML).prompt([user("Q"), last], continue_last=True)


def test_a_refusal_names_the_template() -> None:
    refusing = (
        ct.CHATML + "{% if messages | length > 3 %}{{ raise_exception('Too many!') }}{% endif %}"
    )
    chat = template(refusing)
    with pytest.raises(InvalidRequest, match="refuses this conversation: Too many!"):
        chat.prompt([user("1"), answer("2"), user("3"), answer("4"), user("5")])


def test_half_surrogates_and_nul_do_not_break_a_render() -> None:
    prompt = template(ct.CHATML).prompt([user("a\ud800b\0c")])
    assert "a\ufffdbc" in prompt.text
    assert template(ct.CHATML + r"{{ 'x\ud800' }}").prompt([user("a")]).text.endswith("x\ufffd")
