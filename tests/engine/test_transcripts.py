"""What was said is found again by its text, and only what has one."""

from typing import ClassVar

from app.core.ids import SessionId
from app.engine.prompt import Prompt, Segment
from app.engine.transcripts import Transcripts

END, SILENT = 1, 2


class Letters:
    """A token for each letter, one that ends a turn and one without any text."""

    special: ClassVar = {END: "<end>"}
    add_bos, bos = False, 0

    def piece(self, token: int) -> bytes:
        return {END: b"<end>", SILENT: b""}.get(token, bytes([token]))

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        assert "<end>" not in text or not special
        return list(text.encode())

    def detokenize(self, tokens: list[int]) -> str:
        return bytes(tokens).decode()


def after(tokens: list[int], text: str) -> list[int]:
    transcripts = Transcripts(Letters())  # pyright: ignore[reportArgumentType]
    transcripts.add(tokens, SessionId("a"))
    return transcripts.tokens_of(Prompt((Segment(text, True),)))


def test_a_prompt_asked_again_has_nothing_of_a_reply_without_text() -> None:
    asked = list(b"how?")
    assert after([*asked, SILENT, SILENT], "how?") == asked


def test_a_reply_keeps_its_tokens_where_the_prompt_goes_on() -> None:
    said = [*b"how?", SILENT, *b"so"]
    assert after(said, "how?so now?") == [*said, *b" now?"]
