import pytest

from app.engine.reasoning import PAIRS
from tests.engine.replies import by_bytes, gather, whole


@pytest.mark.parametrize(("opening", "close"), PAIRS.items())
def test_each_known_tag_opens_thinking_at_the_beginning(opening: str, close: str) -> None:
    reply = f"\n{opening}\nhm\n\nso{close}\n\nYes."
    assert gather(by_bytes(reply.encode())) == ("Yes.", "hm\n\nso", (), False)


def test_a_tag_later_in_the_answer_is_text() -> None:
    assert whole("Write <think>x</think> so.").text == "Write <think>x</think> so."


def test_a_reply_can_begin_inside_the_thinking_the_prompt_opened() -> None:
    got = gather(by_bytes(b"hm\n</think>\n\nYes."), opened="<think>")
    assert got == ("Yes.", "hm", (), False)


def test_thinking_that_never_ends_stays_thinking() -> None:
    assert whole("<think>\nhm </thi") == ("", "hm </thi", (), False)


def test_thinking_streams_before_it_ends() -> None:
    from app.engine.parse import OutputParser

    parser = OutputParser()
    assert parser.feed(b"<think>one two").reasoning == "one two"
    assert parser.feed(b" three").reasoning == " three"


def test_two_blocks_of_thinking_before_the_answer() -> None:
    got = whole("<think>a</think>\n<think>b</think>\nYes.")
    assert got == ("Yes.", "ab", (), False)


def test_channels_are_thinking_then_answer() -> None:
    reply = (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes."
    )
    assert gather(by_bytes(reply.encode())) == ("Yes.", "hm", (), False)


def test_half_a_tag_at_the_end_is_text() -> None:
    assert whole("<thi") == ("<thi", "", (), False)
