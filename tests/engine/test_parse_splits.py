"""How a reply was cut into tokens never changes what is read from it, and nothing is lost."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.engine.reasoning import BETWEEN, PAIRS
from app.engine.toolcalls import BLOCKS
from tests.engine.replies import by_bytes, gather

CALL = '{"name": "look", "arguments": {"x": "ü"}}'
MARKS = [
    *PAIRS,
    *PAIRS.values(),
    *BETWEEN,
    *BLOCKS,
    *(block.close for block in BLOCKS.values() if block.close),
    CALL,
    f"[{CALL}]",
    '{"x": 1}',
    "look",
    "look>",
    "[ARGS]",
    "END",
    "ND\n",
    "\n",
    "\n\n",
    " ",
    "<",
    "ü天😀",
]
replies = st.lists(st.sampled_from(MARKS) | st.text(max_size=6), max_size=12).map("".join)
damaged = st.tuples(replies, st.binary(max_size=4), replies).map(
    lambda parts: parts[0].encode() + parts[1] + parts[2].encode()
)
options = st.fixed_dictionaries(
    {
        "tools": st.sampled_from([(), ("look",)]),
        "stop": st.sampled_from([(), ("END",), ("E", "END\n"), ("ND", "END", "\n\n")]),
        "opened": st.sampled_from(["", "<think>", "[THINK]"]),
    }
)


@given(damaged, options, st.lists(st.integers(0, 80), max_size=8))
def test_any_split_gives_the_same_result(
    data: bytes, options: dict[str, object], cuts: list[int]
) -> None:
    at_once = gather([data], **options)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(edges)]
    assert gather(pieces, **options) == at_once
    assert gather(by_bytes(data), **options) == at_once


@given(damaged)
def test_without_tools_and_thinking_the_text_comes_out_as_it_is(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    if not text.lstrip().startswith((*PAIRS, *BETWEEN)):
        assert gather(by_bytes(data)) == (text, "", (), False)


@given(st.sampled_from(sorted(PAIRS)), st.text(max_size=20), st.text(max_size=20), st.booleans())
def test_thinking_and_answer_add_up_to_the_reply(
    tag: str, thought: str, answer: str, opened: bool
) -> None:
    close = PAIRS[tag]
    if close in thought or answer.lstrip().startswith((*PAIRS, *BETWEEN)):
        return
    reply = f"{'' if opened else tag}\n{thought}\n{close}\n\n{answer}".encode()
    got = gather(by_bytes(reply), opened=tag if opened else "")
    assert got.reasoning == thought.encode("utf-8", "replace").decode().strip("\n")
    assert got.text == answer.lstrip("\n")


@given(replies, st.text("ab<", max_size=5))
def test_what_is_not_a_call_is_text(before: str, noise: str) -> None:
    """Every character is in the text, in the thinking, in a call, or white space beside one."""
    reply = f"{before}<tool_call>{noise}</tool_call>"
    got = gather(by_bytes(reply.encode()), tools=("look",))
    if not got.calls and not got.reasoning and not before.lstrip().startswith((*PAIRS, *BETWEEN)):
        assert got.text == reply
