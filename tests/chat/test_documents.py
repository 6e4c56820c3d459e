"""How what is attached reaches the model, and that none of it is lost on the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.chat.attachments import Attachments
from app.chat.documents import own_words
from app.chat.events import QueueChanged, ReplyDelta, ReplyFinished
from app.chat.passages import excerpt
from app.core.errors import InvalidRequest
from app.core.ids import ConversationId
from app.core.messages import ImagePart
from app.core.settings import WindSettings
from app.storage import conversations, copies, documents
from app.storage.database import Database
from app.storage.documents import Document
from app.storage.passages import split

from . import paperwork
from .conftest import Chat, WordModel, price
from .test_wind import answer, go_on

PLAN = Document(name="plan.txt", text="The walrus moves on Friday.", tokens=5)


def chapters(count: int) -> str:
    """Long text in which each chapter alone says something."""
    return "\n\n".join(
        f"Chapter {n} is about topic{n}x. The keyword of it is secret{n}y. " + "filler " * 60
        for n in range(count)
    )


def book(count: int = 60) -> Document:
    text = chapters(count)
    return Document(name="book.txt", text=text, tokens=len(text.split()))


def sent(chat: Chat, question: str) -> str:
    """What the model read as this question."""
    asked = [r for r in chat.model.asked if r.priority == "interactive"]
    return next(m.text for r in reversed(asked) for m in r.messages if m.text.endswith(question))


def names(chat: Chat, conversation: ConversationId) -> list[str]:
    ids = [stored.id for stored in chat.branch(conversation)]
    return [d.name for d in chat.db.read(lambda tx: documents.on(tx, ids)).result()]


def kept(chat: Chat) -> int:
    return chat.db.read(lambda tx: tx.value("SELECT count(*) FROM document")).result()


@pytest.fixture
def attachments(chat: Chat) -> Iterator[Attachments]:
    reading = Attachments(chat.model, lambda: chat.budget)
    yield reading
    reading.close()


def test_a_short_document_is_shown_whole_and_stays(chat: Chat) -> None:
    conversation = chat.turns.start("Who moves?", carried=[PLAN]).result()
    chat.wait_for(ReplyFinished)
    first = chat.last_asked().messages[-1]
    assert first.text == (
        "[Document: plan.txt]\nThe walrus moves on Friday.\n[End of plan.txt]\n\nWho moves?"
    )
    # What the user wrote is stored as written.
    assert chat.branch(conversation)[0].message.text == "Who moves?"
    chat.turns.send(conversation, "When?")
    chat.wait_for(ReplyFinished, 2)
    assert chat.last_asked().messages[0] == first


def test_a_long_document_is_quoted_by_relevance_and_says_so(chat: Chat) -> None:
    conversation = chat.turns.start("What is the keyword of topic41x?", carried=[book()]).result()
    chat.wait_for(ReplyFinished)
    first = chat.last_asked().messages[-1]
    assert "secret41y" in first.text
    assert "Chapter 0 is" in first.text  # how it begins
    assert "secret30y" not in first.text
    assert "[From the document: book.txt (" in first.text
    assert price(chat.last_asked().messages) < chat.budget.limit
    # A later question is answered from it too; what was quoted before stays as it was.
    chat.turns.send(conversation, "And of topic17x?")
    chat.wait_for(ReplyFinished, 2)
    assert "secret17y" in sent(chat, "And of topic17x?")
    assert chat.last_asked().messages[0] == first
    chat.turns.send(conversation, "Thanks!")
    chat.wait_for(ReplyFinished, 3)
    assert chat.last_asked().messages[-1].text == "Thanks!"


def test_a_document_that_was_narrated_away_is_quoted_when_asked_about(db: Database) -> None:
    chat = Chat(db, WordModel(2048), WindSettings())
    chat.model.reply = answer
    try:
        text = "The spare key is under the third flowerpot.\n\n" + "filler " * 500
        document = Document(name="house.txt", text=text, tokens=510)
        conversation = chat.turns.start("Here you are.", carried=[document]).result()
        chat.wait_for(ReplyFinished)
        go_on(chat, conversation, 20, start=1)
        question = "Where is the spare key?"
        chat.turns.send(conversation, question)
        chat.wait_for(ReplyFinished, 22)
        assert "third flowerpot" in sent(chat, question)
        # Its facts are not the talk's.
        assert "flowerpot" not in chat.last_asked().messages[0].text
    finally:
        chat.close()


def test_what_waits_in_the_queue_keeps_its_documents(chat: Chat) -> None:
    chat.model.gate.clear()
    conversation = chat.turns.start("Talk").result()
    chat.wait_for(ReplyDelta)
    chat.turns.send(conversation, "Who moves?", [PLAN])
    (changed,) = chat.wait_for(QueueChanged)
    assert isinstance(changed, QueueChanged)
    assert changed.waiting[0].documents == ("plan.txt",)
    chat.model.gate.set()
    chat.wait_for(ReplyFinished, 2)
    assert names(chat, conversation) == ["plan.txt"]
    assert "walrus" in chat.last_asked().messages[-1].text


def test_an_edit_and_a_copy_carry_the_same_document_and_the_last_one_takes_it_along(
    chat: Chat,
) -> None:
    conversation = chat.turns.start("Who moves?", carried=[PLAN]).result()
    chat.wait_for(ReplyFinished)
    chat.turns.edit(conversation, chat.branch(conversation)[0].id, "Who moves when?")
    chat.wait_for(ReplyFinished, 2)
    assert "walrus" in chat.last_asked().messages[-1].text
    copy = chat.db.write(lambda tx: copies.duplicate(tx, conversation)).result()
    assert names(chat, copy.id) == ["plan.txt"]
    assert kept(chat) == 1
    for gone, left in ((conversation, 1), (copy.id, 0)):
        chat.db.write(lambda tx, id_=gone: conversations.purge(tx, id_)).result()
        assert kept(chat) == left


def test_removing_what_waits_removes_its_documents(chat: Chat) -> None:
    chat.model.gate.clear()
    conversation = chat.turns.start("Talk").result()
    chat.wait_for(ReplyDelta)
    chat.turns.send(conversation, "Who moves?", [PLAN])
    (changed,) = chat.wait_for(QueueChanged)
    assert isinstance(changed, QueueChanged)
    chat.turns.remove_waiting(conversation, changed.waiting[0].id)
    chat.wait_for(QueueChanged, 2)
    assert kept(chat) == 0


def test_documents_alone_are_a_message(chat: Chat) -> None:
    conversation = chat.turns.start("", carried=[PLAN]).result()
    chat.wait_for(ReplyFinished)
    title = chat.db.read(lambda tx: conversations.get(tx, conversation).title).result()
    assert title == "plan.txt"
    assert "walrus" in chat.last_asked().messages[-1].text


def test_a_file_is_read_and_measured_before_it_is_sent(
    chat: Chat, attachments: Attachments, tmp_path: Path
) -> None:
    file = paperwork.write(tmp_path, "notes.docx", paperwork.docx())
    read = attachments.read(file).result()
    assert (read.name, read.text, read.tokens, read.note) == ("notes.docx", "Hello", 1, "")
    long = attachments.read(paperwork.write(tmp_path, "book.txt", chapters(60))).result()
    assert "quoted" in long.note
    with pytest.raises(InvalidRequest, match="archive"):
        attachments.read(paperwork.write(tmp_path, "a.zip", paperwork.nested(1, 1))).result()


def test_an_image_is_kept_and_the_model_is_told_of_it(
    chat: Chat, attachments: Attachments, tmp_path: Path
) -> None:
    picture = paperwork.write(tmp_path, "cat.png", b"\x89PNG\r\n\x1a\nrest")
    image = attachments.read(picture).result()
    assert (image.kind, image.mime, image.data[:4]) == ("image", "image/png", b"\x89PNG")
    chat.turns.start("What is it?", carried=[image]).result()
    chat.wait_for(ReplyFinished)
    assert chat.last_asked().messages[-1].text.startswith("[Image: cat.png]\n(not shown)")


def test_a_model_that_sees_gets_the_image_itself_in_every_turn(chat: Chat, tmp_path: Path) -> None:
    chat.sees = True
    seeing = Attachments(chat.model, lambda: chat.budget, lambda _model: chat.sees)
    try:
        png = b"\x89PNG\r\n\x1a\nrest"
        image = seeing.read(paperwork.write(tmp_path, "cat.png", png)).result()
    finally:
        seeing.close()
    assert image.note == ""
    conversation = chat.turns.start("What is it?", carried=[image, PLAN]).result()
    chat.wait_for(ReplyFinished)
    chat.turns.send(conversation, "Are you sure?")
    chat.wait_for(ReplyFinished, 2)
    question = chat.last_asked().messages[0]
    assert question.content[0] == ImagePart("image/png", png)
    assert question.text == f"[Document: plan.txt]\n{PLAN.text}\n[End of plan.txt]\n\nWhat is it?"
    # What is stored is what the user said; another model is told that it is not shown.
    assert chat.branch(conversation)[0].message.content == "What is it?"
    chat.sees = False
    chat.turns.send(conversation, "And now?")
    chat.wait_for(ReplyFinished, 3)
    assert "(not shown)" in chat.last_asked().messages[0].text
    assert isinstance(chat.last_asked().messages[0].content, str)


def test_own_words_are_what_stands_after_the_documents() -> None:
    woven = "[Document: a]\nx\n[End of a]\n\n[Image: b]\n(not shown)\n[End of b]\n\nMy words."
    assert own_words(woven) == "My words."
    assert own_words("My words.") == "My words."


def test_passages_lose_nothing_and_are_short() -> None:
    text = chapters(5) + "\n\n" + "x" * 5000 + "。" + "天气" * 1000
    passages = split(text)
    assert max(map(len, passages)) <= 800
    assert "".join("".join(passages).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("question", "found"), [("明天的天气", "天气很好"), ("wie spät ist der ZUG?", "Der Zug fährt")]
)
def test_any_script_finds_its_passage(question: str, found: str) -> None:
    parts = ["filler " * 100 for _ in range(20)]
    text = "\n\n".join(
        [*parts[:10], "上海的天气很好。", *parts[10:15], "Der Zug fährt um 9.", *parts[15:]]
    )
    quoted = excerpt("a.txt", text, question, 900, opening=False)
    assert quoted is not None
    assert found in quoted.text


def test_without_a_telling_word_nothing_is_relevant() -> None:
    assert excerpt("a.txt", chapters(30), "Thank you very much!", 900, opening=False) is None
