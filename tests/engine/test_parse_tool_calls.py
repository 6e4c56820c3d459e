"""The call formats of widespread models, well formed and not."""

import json
from time import process_time

import pytest

from tests.engine.replies import by_bytes, gather, whole

ONE = '{"name": "look", "arguments": {"x": 1}}'
CALL = ("look", '{"x": 1}')

FORMATS = {
    "hermes": f"<tool_call>\n{ONE}\n</tool_call>",
    "hermes without an end": f"<tool_call>\n{ONE}",
    "function_call": f"<function_call>{ONE}</function_call>",
    "qwen coder": (
        "<tool_call>\n<function=look>\n<parameter=x>\n1\n</parameter>\n</function>\n</tool_call>"
    ),
    "llama function": '<function=look>{"x": 1}</function>',
    "llama json": '{"name": "look", "parameters": {"x": 1}}',
    "llama tag": '<|python_tag|>{"name": "look", "parameters": {"x": 1}}',
    "mistral list": f"[TOOL_CALLS] [{ONE}]",
    "mistral named": '[TOOL_CALLS]look{"x": 1}',
    "mistral args": '[TOOL_CALLS]look[CALL_ID]abc123def[ARGS]{"x": 1}',
    "granite": f"<|tool_call|>[{ONE}]",
    "deepseek": (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>look\n"
        '```json\n{"x": 1}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
    ),
    "deepseek 3.1": (
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>look<｜tool▁sep｜>{"x": 1}'
        "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    ),
    "channels": (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary "
        'to=functions.look <|constrain|>json<|message|>{"x": 1}'
    ),
    "gemma": "<|tool_call>call:look{x:1}<tool_call|>",
    "glm": "<tool_call>look\n<arg_key>x</arg_key>\n<arg_value>1</arg_value>\n</tool_call>",
    "openai": '{"type": "function", "function": {"name": "look", "arguments": "{\\"x\\": 1}"}}',
}


@pytest.mark.parametrize("reply", FORMATS.values(), ids=FORMATS)
def test_a_call_is_read(reply: str) -> None:
    got = gather(by_bytes(reply.encode()), tools=("look",))
    assert got.calls == (CALL,)
    assert got.text == ""


def test_several_calls_keep_their_order_and_the_text_around_them() -> None:
    other = '{"name": "other", "arguments": {}}'
    reply = f"First:\n<tool_call>{ONE}</tool_call>\n<tool_call>{other}</tool_call>\nDone."
    got = gather(by_bytes(reply.encode()), tools=("look", "other"))
    assert got.calls == (CALL, ("other", "{}"))
    assert got.text == "First:\nDone."


@pytest.mark.parametrize(
    "reply",
    [
        "<tool_call>not json</tool_call> after",
        '<tool_call>{"name": 5, "arguments": {}}</tool_call>',
        '<tool_call>{"name": "look", "arguments": [1]}</tool_call>',
        '<tool_call>{"name": "look", "arguments": {"x": NaN}}</tool_call>',
        "<tool_call>" + "[" * 5000 + "</tool_call>",
        '<tool_call>{"name": "look", "arguments": {"x": ' + "9" * 5000 + "}}</tool_call>",
        "<tool_call>",
        "[TOOL_CALLS]look",
        "[TOOL_CALLS][1, 2]",
        "<function=look>{bad}</function>",
        "<|tool_call>call:look{x:<tool_call|>",
        "<tool_call>look\n<arg_key>x</arg_key></tool_call>",
        "<|python_tag|>print('hi')",
        '{"name": "unknown", "parameters": {}}',
        '{"name": "look", "parameters": {"x": 1}} and more',
        '{"name": "Ada", "age": 36}',
        '{"answer": 42}',
        "<｜tool▁calls▁begin｜>nonsense<｜tool▁calls▁end｜>",
    ],
)
def test_what_does_not_parse_is_handed_on_as_text(reply: str) -> None:
    assert gather(by_bytes(reply.encode()), tools=("look",)) == (reply, "", (), False)


def test_a_good_call_behind_a_broken_one_is_still_read() -> None:
    got = whole(f"<tool_call>oops <tool_call>{ONE}</tool_call>", tools=("look",))
    assert got.calls == (CALL,)
    assert got.text == "<tool_call>oops "


def test_without_tools_a_call_is_text() -> None:
    reply = f"<tool_call>{ONE}</tool_call>"
    assert whole(reply).text == reply


def test_other_json_streams_at_once() -> None:
    from app.engine.parse import OutputParser

    parser = OutputParser(tools=("look",))
    assert parser.feed(b'{"answer": ').text == '{"answer": '


def test_calls_have_ids_of_their_own() -> None:
    from app.engine.parse import OutputParser

    parser = OutputParser(tools=("look",))
    calls = parser.feed(f"<tool_call>{ONE}</tool_call>".encode() * 2).calls
    assert len({call.id for call in calls}) == 2


def test_quoted_text_in_a_gemma_call_may_hold_anything() -> None:
    reply = '<|tool_call>call:look{a:<|"|>{b:1}, "c"<|"|>,d:[true,<|"|>e<|"|>]}<tool_call|>'
    ((_, arguments),) = gather(by_bytes(reply.encode()), tools=("look",)).calls
    assert json.loads(arguments) == {"a": '{b:1}, "c"', "d": [True, "e"]}


def test_tag_arguments_are_values_when_they_read_as_json() -> None:
    body = (
        "<function=look><parameter=n>3</parameter><parameter=s>plain text\nof two lines"
        '</parameter><parameter=l>["a"]</parameter></function>'
    )
    ((_, arguments),) = whole(f"<tool_call>{body}</tool_call>", tools=("look",)).calls
    assert json.loads(arguments) == {"n": 3, "s": "plain text\nof two lines", "l": ["a"]}


def test_half_a_surrogate_pair_in_a_call_can_be_sent_on() -> None:
    """JSON can name one; a frame that held it could not be written, and the reply had no end."""
    body = r'{"name": "look\ud800", "arguments": {"x": "\udc00"}}'
    as_text = body.replace(r'{"x": "\udc00"}', r'"{\"x\": \"\udc00\"}"')
    for call in (body, as_text):
        ((name, arguments),) = whole(f"<tool_call>{call}</tool_call>", tools=("look",)).calls
        assert name == "look\ufffd"
        assert json.loads(arguments) == {"x": "\ufffd"}


_LONG = 200_000


@pytest.mark.parametrize(
    "reply",
    [
        "[TOOL_CALLS]x" + " " * _LONG + "!",
        "<tool_call><function=a>" + " " * _LONG + "x</tool_call>",
        "<tool_call><function=a>" + "<parameter=a>" * _LONG + "</tool_call>",
        "<tool_call>x" + "<arg_key>" * _LONG + "</arg_value></tool_call>",
        "<tool_call>x" + " " * _LONG + "<arg_key>!</tool_call>",
        "<|channel|>commentary to=functions." + "a" * _LONG + "<|call|>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>" + "a" * _LONG + "<｜tool▁calls▁end｜>",
        "<|tool_call>call:x{" + ", a" * _LONG + "<tool_call|>",
        "<tool_call>" * (_LONG // 10),
        '{"name"' + "; " * _LONG,
    ],
    ids=lambda reply: reply[:40],
)
def test_no_reply_takes_long_to_read(reply: str) -> None:
    """Every other reply waits meanwhile, and the heartbeat; 3,000 tags took 1.6 s once."""
    started = process_time()
    assert whole(reply, tools=("look",)).text == reply
    assert process_time() - started < 3
