"""The whole window over a database of sample conversations: the scenes of `screenshots.py`.

Nothing answers here: the conversations are written as they would have been stored, and the engine
only counts, four characters to a token.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from PySide6.QtCore import QObject, QTimer

from app.chat.answering import Answering
from app.chat.attachments import Attachments
from app.chat.budget import Budget
from app.chat.events import (
    ConversationChanged,
    MessageAdded,
    QueueChanged,
    ReplyDelta,
    ReplyFinished,
    ToolsAsked,
)
from app.chat.meaning import Meaning
from app.chat.narrator import Narrator
from app.chat.scale import Scale
from app.chat.titles import Titles
from app.chat.turns import Turns
from app.chat.wind import Wind
from app.core.errors import ErrorInfo
from app.core.generator import Sink
from app.core.ids import ConversationId, RequestId, SessionId
from app.core.messages import Message, ToolCall
from app.core.protocol import (
    Count,
    Counted,
    ModelInfo,
    Request,
    Stats,
    Tokenize,
    Tokenized,
)
from app.core.sampling import Sampling
from app.storage import conversations, documents, folders, messages, recalls, segments
from app.storage.database import Database, Tx
from app.storage.documents import Document
from app.storage.messages import StoredMessage
from app.storage.queued import Queued, QueuedId
from app.storage.recalls import Quote
from app.storage.segments import LedgerEntry
from app.storage.settings_file import SettingsFile
from app.ui.bridge import Bridge
from app.ui.current import NewChat
from app.ui.events import (
    ModelChanged,
    ModelChoice,
    ModelFailed,
    ModelLoading,
    ModelReady,
    ModelsListed,
)
from app.ui.keeping import Chats, Keeping
from app.ui.preferences import Preferences
from app.ui.theme import Mode
from app.ui.transcript.items import ItemId, OpenSegment
from app.ui.window import Window
from scripts.sample_conversations import ATTENTION

_QWEN = ModelChoice("qwen2.5-7b-instruct-q4_k_m.gguf", "qwen2.5 7b instruct", "Q4_K_M")
_GEMMA = ModelChoice("gemma-3-4b-it-q4_k_m.gguf", "gemma 3 4b it", "Q4_K_M")
_QUESTION = "Why does attention get so slow with long contexts? Show me code and the formula."
_TOKEN = 4
_DAY = 86_400_000


class Counting:
    """An engine that only counts."""

    def submit(self, request: Request, sink: Sink) -> None:
        match request:
            case Count(request_id=name, messages=said):
                each = tuple(len(message.text) // _TOKEN + 4 for message in said)
                sink(Counted(name, sum(each) + 3, each))
            case Tokenize(request_id=name, text=text):
                sink(Tokenized(name, tuple(range(len(text) // _TOKEN + 1))))
            case _:
                pass

    def cancel(self, request_id: RequestId) -> None: ...

    def purge(self, session: SessionId) -> None: ...


class Switch:
    """Nobody loads a model here."""

    def load(self, choice: ModelChoice) -> None: ...

    def reload(self, choice: ModelChoice) -> None: ...

    def cancel_load(self) -> None: ...

    def unload(self) -> None: ...


class WindowScene:
    """Holds what the window needs until `close`."""

    def __init__(self, mode: Mode, size: tuple[int, int] = (1_120, 800)) -> None:
        self.bridge = Bridge()
        self._closing: list[Callable[[], None]] = []
        folder = Path(mkdtemp())
        self.chats = self._make(Database(folder / "chats.sqlite3"))
        passing = self._make(Database(None))
        preferences = Preferences(SettingsFile(folder / "settings.json", {}))
        attachments = Attachments(Counting(), lambda: Budget(8192))
        self._closing += [preferences.close, attachments.close]
        self.talk = self.write(_fill)
        self.window = Window(
            self.bridge,
            Keeping(self.chats, passing),
            Switch(),
            attachments,
            folder / "window.json",
            preferences,
        )
        self.window.look.choose(mode)
        self.window.resize(*size)
        self.window.show()
        self.bridge.post(ModelsListed((_GEMMA, _QWEN)))
        self.bridge.post(ModelChanged(ModelReady(_QWEN, _info())))

    def _make(self, db: Database) -> Chats:
        budget, engine, post = Budget(8192), Counting(), self.bridge.post
        scale = Scale(db, engine, lambda: budget)
        wind = Wind(db, engine, post, lambda: budget, scale)
        narrator = Narrator(db, scale, wind, post)
        titles = Titles(db, engine, post, lambda: budget)
        meaning = Meaning(db, engine)
        answering = Answering(
            db, engine, post, lambda: budget, scale, wind=wind, titles=titles, meaning=meaning
        )
        turns = Turns(db, answering, post, sampling=lambda _: Sampling())
        self._closing += [db.close, meaning.close, wind.close, narrator.close, turns.close]
        return Chats(db, turns, narrator)

    def write(self, job: Callable[[Tx], ConversationId]) -> ConversationId:
        return self.chats.db.write(job).result()

    def close(self) -> None:
        self.window.close()
        for close in reversed(self._closing):
            close()


# -- the scenes: each makes the window show one thing


def conversation(scene: WindowScene) -> None:
    scene.window.current.open(scene.talk)


def welcome(scene: WindowScene) -> None:
    scene.window.current.open(None)


def temporary(scene: WindowScene) -> None:
    scene.window.current.begin(NewChat.TEMPORARY)
    scene.window.composer.editor.insertPlainText("Between the two of us: ")


def attachments(scene: WindowScene) -> None:
    folder = Path(mkdtemp())
    report = folder / "Quarterly report.md"
    report.write_text("# Report\n\n" + "The figures of the quarter are good. " * 400)
    damaged = folder / "scan.pdf"
    damaged.write_bytes(b"%PDF-1.7 damaged")
    composer = scene.window.composer
    scene.window.current.open(scene.write(_carrying))
    composer.attaching.attach([str(report), str(damaged)])
    composer.editor.long_text_pasted.emit("A line of a log file\n" * 400)
    composer.editor.insertPlainText("What do these say about the second quarter?")


def streaming(scene: WindowScene) -> None:
    window, talk = scene.window, scene.talk
    window.current.open(talk)

    def begin(tx: Tx) -> StoredMessage:
        asked = messages.add(
            tx, talk, messages.active_leaf(tx, talk), _said("And how does a KV cache help?")
        )
        return messages.start_reply(tx, talk, asked.id)

    reply = scene.chats.db.write(begin).result()
    scene.bridge.post(MessageAdded(conversation=talk, message=reply))
    text = ATTENTION[: ATTENTION.index("if mask")]
    scene.bridge.post(
        ReplyDelta(
            conversation=talk, reply=reply.id, text=text, reasoning="", text_at=0, reasoning_at=0
        )
    )
    waiting = (
        Queued(QueuedId(1), "Then compare it with a sliding window."),
        Queued(QueuedId(2), "And put both into a table,\nwith the memory they need."),
    )
    scene.bridge.post(QueueChanged(conversation=talk, waiting=waiting, held=False))


def editing(scene: WindowScene) -> None:
    window = scene.window
    window.current.open(scene.talk)
    _later(window, window.requests.edit_last)


def search(scene: WindowScene) -> None:
    scene.window.current.open(scene.talk)
    scene.window.sidebar.search.setText("cache")
    scene.window.sidebar.search.setFocus()


def finding(scene: WindowScene) -> None:
    window = scene.window
    window.current.open(scene.talk)

    def find() -> None:
        window.find_bar.open()
        window.find_bar.field.setText("cache")

    _later(window, find)


def loading(scene: WindowScene) -> None:
    step = "Not enough GPU memory: trying 20 of 28 layers"
    scene.window.current.open(None)
    scene.bridge.post(ModelChanged(ModelLoading(_GEMMA, 0.43, step)))


def failed(scene: WindowScene) -> None:
    error = ErrorInfo("model_load_failed", "The file ends early. Download it again.")
    scene.window.current.open(scene.talk)
    scene.bridge.post(ModelChanged(ModelFailed(_GEMMA, error)))


def wind(scene: WindowScene) -> None:
    chat = scene.write(_winded)
    scene.bridge.post(ConversationChanged(conversation=chat))
    scene.window.current.open(chat)


def narrative(scene: WindowScene) -> None:
    wind(scene)
    asks = scene.window.transcript.requested
    _later(scene.window, lambda: asks.emit(OpenSegment(ItemId("wind-1"))))


def seen(scene: WindowScene) -> None:
    wind(scene)
    _later(scene.window, scene.window.header.meter.click)


def tools(scene: WindowScene) -> None:
    scene.window.current.open(scene.write(_calling))


def tools_asked(scene: WindowScene) -> None:
    calls = (ToolCall("c1", "calculate", '{"expression": "1234 * 5678"}'),)

    def ask(tx: Tx) -> StoredMessage:
        chat = conversations.create(tx, "A product").id
        asked = messages.add(tx, chat, None, _said("What is 1234 times 5678?"))
        reply = messages.start_reply(tx, chat, asked.id)
        return messages.finish_reply(tx, reply.id, "", tool_calls=calls)

    reply = scene.chats.db.write(ask).result()
    chat = reply.conversation_id
    scene.window.current.open(chat)
    scene.bridge.post(ReplyFinished(conversation=chat, message=reply))
    scene.bridge.post(ToolsAsked(conversation=chat, reply=reply.id, calls=calls))


def small(scene: WindowScene) -> None:
    scene.window.look.resize(10.5 * 1.5)
    scene.window.current.open(scene.talk)


SCENES = {
    each.__name__.replace("_", "-"): each
    for each in (
        conversation, welcome, temporary, attachments, streaming, editing, search, finding,
        loading, failed, wind, narrative, seen, tools, tools_asked, small,
    )
}  # fmt: skip
SIZES = {"small": (720, 480)}


def _later(owner: QObject, do: Callable[[], None]) -> None:
    """When what was asked of the database is on the screen."""
    QTimer.singleShot(500, owner, do)


# -- what is stored


def _said(text: str) -> Message:
    return Message(role="user", content=text)


def _fill(tx: Tx) -> ConversationId:
    now = conversations.now_ms()
    cooking = folders.create(tx, "Cooking")
    folders.create(tx, "Work")
    for title, days in (
        ("SQL window functions", 0), ("Trip to Lisbon", 1), ("Rust borrow checker", 3),
        ("A letter to the landlord", 5), ("Names for a cat", 40), ("Regular expressions", 60),
    ):  # fmt: skip
        conversations.create(tx, title, created_ms=now - days * _DAY)
    conversations.create(tx, "Bread without kneading", folder_id=cooking.id)
    pinned = conversations.create(tx, "Weekly plan", created_ms=now - 2 * _DAY)
    conversations.pin(tx, pinned.id)
    chat = conversations.create(tx, "Attention and the KV cache").id
    asked = messages.add(tx, chat, None, _said(_QUESTION))
    reply = messages.start_reply(tx, chat, asked.id)
    stats = Stats(
        prompt_tokens=12_040,
        reused_tokens=11_980,
        completion_tokens=412,
        first_token_ms=310.0,
        decode_ms=10_850.0,
    )
    messages.finish_reply(tx, reply.id, ATTENTION, stats=stats)
    return chat


def _carrying(tx: Tx) -> ConversationId:
    chat = conversations.create(tx, "The first quarter").id
    asked = messages.add(tx, chat, None, _said("Sum this up in two sentences."))
    documents.attach(
        tx,
        asked.id,
        [
            Document(name="Report Q1.docx", text="…", tokens=3_410),
            Document(name="chart.png", kind="image", mime="image/png"),
        ],
    )
    reply = messages.start_reply(tx, chat, asked.id)
    messages.finish_reply(tx, reply.id, "Revenue grew by **12 %**. Costs stayed where they were.")
    return chat


_TRIP = (
    ("Where should we go in May?", "Lisbon: warm, walkable, and the flights are short."),
    ("How many days?", "Four. One of them for Sintra."),
    ("What does it cost for two?", "About 900 €, flights on 12 May included."),
    ("Which part of town?", "Graça: quiet at night, and tram 28 stops there."),
)


def _winded(tx: Tx) -> ConversationId:
    chat = conversations.create(tx, "Trip to Lisbon, planned").id
    path: list[StoredMessage] = []
    for question, answer in _TRIP:
        asked = messages.add(tx, chat, messages.active_leaf(tx, chat), _said(question))
        answered = Message(role="assistant", content=answer)
        path += [asked, messages.add(tx, chat, asked.id, answered)]
    facts = (LedgerEntry("money", "900 €"), LedgerEntry("date", "12 May"))
    story = (
        "They chose Lisbon for four days in May, one of them in Sintra. "
        "For two it costs about 900 €."
    )
    old = segments.add(tx, chat, path[0].id, path[5].id, "They go to Lisbon in May.", tokens=9)
    standing = segments.add(
        tx, chat, path[0].id, path[5].id, story, origin="edited", tokens=28, ledger=facts,
        supersedes=[old.id],
    )  # fmt: skip
    quote = Quote(path[4].id, "user", "What does it cost for two?")
    recalls.put(tx, path[6].id, standing.id, [quote])
    return chat


def _calling(tx: Tx) -> ConversationId:
    chat = conversations.create(tx, "A sum").id
    asked = messages.add(tx, chat, None, _said("What is 1234 times 5678?"))
    reply = messages.start_reply(tx, chat, asked.id)
    call = ToolCall("c1", "calculate", '{"expression": "1234 * 5678"}')
    messages.finish_reply(tx, reply.id, "", tool_calls=(call,))
    result = messages.add(
        tx, chat, reply.id, Message(role="tool", content="7006652", tool_call_id="c1")
    )
    answer = messages.start_reply(tx, chat, result.id)
    messages.finish_reply(tx, answer.id, "1234 times 5678 is **7,006,652**.")
    return chat


def _info() -> ModelInfo:
    return ModelInfo(
        path=_QWEN.path,
        name=_QWEN.name,
        architecture="qwen2",
        parameters=7_615_616_512,
        file_bytes=4_683_073_536,
        layers=28,
        gpu_layers=0,
        trained_ctx=32_768,
        chat_ctx=8_192,
        cells=12_288,
        parallel=1,
        vocabulary=152_064,
        embedding_length=3_584,
    )
