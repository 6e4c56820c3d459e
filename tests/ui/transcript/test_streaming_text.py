"""A text that arrives in pieces reads, in the end and on the way, as if it had been whole."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ui.transcript.building import chunks
from app.ui.transcript.leaves import Capped, Table
from app.ui.transcript.markdown import parse
from app.ui.transcript.streaming import Stream, _without_held_back
from tests.ui.transcript.texts import EXAMPLES, documents


def streamed(source: str, cuts: list[int]) -> Stream:
    stream = Stream()
    edges = [0, *sorted(cut % (len(source) + 1) for cut in cuts), len(source)]
    for start, end in pairwise(edges):
        stream.feed(source[start:end])
        stream.groups()
    return stream


@settings(max_examples=200, deadline=None)
@given(documents, st.lists(st.integers(0, 10_000), max_size=25))
def test_any_split_ends_in_the_blocks_of_one_parse(source: str, cuts: list[int]) -> None:
    stream = streamed(source, cuts)
    assert stream.finish() == parse(source)
    # A complete last line is never held back: what is on the screen is already right.
    stream.feed("\n\n")
    assert stream.groups() == parse(stream.text)


@pytest.mark.parametrize(
    "name", [name for name in EXAMPLES if name not in ("footnotes", "reference links")]
)
@pytest.mark.parametrize("step", [1, 3, 16])
def test_examples_stream_to_the_same_blocks(name: str, step: int) -> None:
    source = EXAMPLES[name]
    stream = streamed(source, list(range(0, len(source), step)))
    stream.feed("\n\n")
    assert stream.groups() == parse(stream.text)


@pytest.mark.parametrize("name", ["footnotes", "reference links"])
def test_late_definitions_are_right_after_the_end(name: str) -> None:
    source = EXAMPLES[name]
    assert streamed(source, list(range(len(source)))).finish() == parse(source)


@settings(max_examples=60, deadline=None)
@given(documents, documents)
def test_finished_blocks_never_change_again(source: str, more: str) -> None:
    stream = Stream(f"{source}\n\nlast paragraph\n\n")
    before = chunks(stream.groups())
    stream.feed(more)
    after = chunks(stream.groups())
    assert after[: len(before) - 1] == before[:-1]


@pytest.mark.parametrize("tail", ["-", "--", "=", "```", "| a | b |", "1.", "$$", "\\["])
def test_a_line_of_markers_waits_for_more(tail: str) -> None:
    stream = Stream(f"para\n{tail}")
    assert stream.groups() == parse("para\n")


def test_a_long_answer_is_not_parsed_again_from_its_start() -> None:
    stream = Stream()
    for number in range(300):
        stream.feed(f"Paragraph {number} with **words** in it.\n\n")
        stream.groups()
    assert len(stream._tail) < 100


LONG_BLOCKS = {
    "code": "```python\n" + "".join(f"x{n} = {n}\n\n" for n in range(60)) + "```\n",
    "an indented fence": " ```python\n" + "".join(f"   x{n} = {n}\n" for n in range(60)) + " ```\n",
    "code in tildes": "~~~\n" + "".join(f"``` {n}\n    deep {n}\n" for n in range(40)) + "~~~~\n",
    "a table": "| a | b |\n|:--|--:|\n" + "".join(f"| **{n}** | `x`\n" for n in range(60)),
    "a bare table": "a | b\n--|--\n" + "".join(f"{n} | [x](https://a.b)\n" for n in range(60)),
    "a list": "".join(f"- item {n}\n  - inside\n\n    more of it\n" for n in range(40)),
    "a tight list": "".join(f"{n}. item {n}\n   goes on\n" for n in range(1, 60)),
    "a late loose list": "".join(f"* item {n}\n" for n in range(40)) + "\n* last\n",
    "an early loose list": "+ first\n\n" + "".join(f"+ item {n}\n" for n in range(40)),
    "a list with code": "".join(f"1. do\n   ```sh\n   run {n}\n   ```\n" for n in range(30)),
    "tasks": "".join(f"- [{'x' if n % 2 else ' '}] task {n}\n" for n in range(40)),
    "empty items": "".join("-\n- full\n" for _ in range(30)),
    "odd line ends": "```\n" + "".join(f"a{n}\rb\n" for n in range(40)) + "```\n",
}


@pytest.mark.parametrize("name", LONG_BLOCKS)
@pytest.mark.parametrize("step", [1, 7, 40])
def test_a_long_block_reads_the_same_at_every_moment(name: str, step: int) -> None:
    """Its finished lines are set aside: nobody may see that."""
    source = f"Before.\n\n{LONG_BLOCKS[name]}\nAfter.\n\n"
    stream = Stream()
    for start in range(0, len(source), step):
        stream.feed(source[start : start + step])
        shown = stream.groups()
        if stream.text.endswith("\n") or start % 35 == 0:
            assert shown == parse(_without_held_back(stream.text))
    assert stream.groups() == parse(source)


@pytest.mark.parametrize("name", ["code", "code in tildes", "a table", "a bare table", "tasks"])
def test_a_long_block_is_not_parsed_again_from_its_start(name: str) -> None:
    stream = Stream()
    lines = LONG_BLOCKS[name].splitlines(keepends=True)
    for line in lines[:-1]:
        stream.feed(line)
        stream.groups()
        assert stream._tail.count("\n") < 20


@pytest.mark.parametrize("step", [7, 400])
def test_a_table_past_the_cap_is_capped_while_it_is_written(step: int) -> None:
    source = "a | b\n--|--\n" + "".join(f"{n} | x\n" for n in range(1100))
    stream = Stream()
    for start in range(0, len(source), step):
        stream.feed(source[start : start + step])
        shown = stream.groups()
    assert shown == parse(source)
    assert isinstance(shown[0][0], Capped)
    assert len(stream._tail) < 1_000
    stream.feed("\nMore words")
    assert stream.groups() == parse(stream.text)


def test_a_table_that_will_be_cut_is_shown_whole_while_it_is_written() -> None:
    stream = Stream("| a | b |\n|---|---|\n")
    for number in range(1100):
        stream.feed(f"| {number} | x |\n")
        (leaf,) = stream.groups()[0]
        assert isinstance(leaf, Table)
        assert len(leaf.rows) == number + 2
    stream.feed("\nMore words")
    assert stream.groups()[0] == (leaf,)
    stream.feed("\n\nAnd more")
    assert stream.groups()[0] == (leaf,)
