"""Recall by meaning: what shares no word with the question, and life without an embedder."""

from array import array
from collections.abc import Iterator
from zlib import crc32

import pytest

from app.chat.events import ReplyFinished
from app.core.errors import ErrorInfo
from app.core.generator import Sink
from app.core.ids import ConversationId
from app.core.protocol import Embed, Failed, Request
from app.core.settings import WindSettings
from app.storage.database import Database
from app.storage.fusion import fused

from .conftest import Chat, WordModel
from .test_wind import answer, go_on

SECRET = "The gardener hides his spare key under the third flowerpot. " + "filler " * 120
QUESTION = "Wo liegt der Schlüssel?"


def sense(text: str) -> bytes:
    about = 1.0 if "spare key" in text or "Schlüssel" in text else 0.0
    return array("f", [about, 1.0 - about]).tobytes()


@pytest.fixture
def windy(db: Database) -> Iterator[Chat]:
    room = Chat(db, WordModel(2048), WindSettings())
    room.model.reply = answer
    room.model.sense = sense
    yield room
    room.close()


def asked_after_winds(chat: Chat, secret: str = SECRET) -> str:
    conversation: ConversationId = chat.turns.start(secret).result()
    chat.wait_for(ReplyFinished)
    go_on(chat, conversation, 12, start=1)
    chat.meaning._thread.submit(lambda: None).result()  # pyright: ignore
    chat.turns.send(conversation, QUESTION)
    chat.wait_for(ReplyFinished, 14)
    return chat.last_asked().messages[-1].text


def test_what_shares_no_word_with_the_question_is_recalled_by_its_meaning(windy: Chat) -> None:
    windy.embedder = "embed.gguf"
    assert "third flowerpot" in asked_after_winds(windy)


def test_of_a_long_message_the_passage_that_is_near_is_quoted(windy: Chat) -> None:
    windy.embedder = "embed.gguf"
    long = "Once there was a hedge. " * 40 + "\n\n" + SECRET
    assert "third flowerpot" in asked_after_winds(windy, long)


def test_what_this_model_finds_near_anything_is_not_quoted(windy: Chat) -> None:
    """To it any two texts are alike to 0.8, those that have nothing in common, too."""
    windy.embedder = "embed.gguf"

    def narrow(text: str) -> bytes:
        own = [0.0] * 64
        own[63 if "Schlüssel" in text else crc32(text.encode()) % 63] = 0.2**0.5
        return array("f", [0.8**0.5, *own]).tobytes()

    windy.model.sense = narrow
    assert asked_after_winds(windy).endswith(QUESTION)
    assert "> user" not in windy.last_asked().messages[-1].text


def test_without_an_embedder_nothing_is_embedded_and_words_decide(windy: Chat) -> None:
    assert "third flowerpot" not in asked_after_winds(windy)
    vectors = windy.db.read(lambda tx: tx.value("SELECT count(*) FROM embedding")).result()
    assert vectors == 0


def test_an_embedder_that_fails_costs_no_reply(windy: Chat) -> None:
    windy.embedder = "embed.gguf"
    submit = windy.model.submit

    def refuse(request: Request, sink: Sink) -> None:
        if isinstance(request, Embed):
            sink(Failed(request_id=request.request_id, error=ErrorInfo("known", "No.")))
        else:
            submit(request, sink)

    windy.model.submit = refuse  # type: ignore[method-assign]
    assert asked_after_winds(windy).endswith(QUESTION)


def test_what_rankings_agree_on_comes_first() -> None:
    assert fused([1, 2, 3], [3, 4]) == [3, 1, 2, 4]
    assert fused(["a"], []) == ["a"]
    assert fused([5, 5, 5, 6], [6]) == [6, 5]
