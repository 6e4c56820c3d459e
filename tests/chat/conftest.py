"""The chat room against a real database and a generator of a few lines."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.chat.answering import Answering
from app.chat.budget import Budget
from app.chat.events import ChatEvent
from app.chat.meaning import Meaning
from app.chat.narrator import Narrator
from app.chat.presets import PresetOf, Presets
from app.chat.scale import Scale
from app.chat.titles import Titles
from app.chat.tools import Toolbox, built_in
from app.chat.turns import Turns
from app.chat.wind import Wind
from app.core.errors import ContextLimitExceeded, ErrorInfo, to_info
from app.core.generator import Generator, Sink
from app.core.ids import ConversationId, RequestId, SessionId
from app.core.messages import Message, ToolCall
from app.core.protocol import (
    Count,
    Counted,
    Delta,
    Embed,
    Embedded,
    Failed,
    Finished,
    FinishReason,
    Generate,
    Request,
    Stats,
    Tokenize,
    Tokenized,
)
from app.core.sampling import Sampling
from app.core.settings import ToolSettings, WindSettings
from app.storage import messages
from app.storage.database import Database
from app.storage.messages import StoredMessage
from app.storage.presets import of_model

PER_MESSAGE = 3
OPENING = 2


def words(text: str) -> int:
    return len(re.findall(r"\S+", text))


def price(said: tuple[Message, ...]) -> int:
    return sum(words(message.text) + PER_MESSAGE for message in said) + OPENING


class WordModel:
    """A word is a token. Replies come from `reply`, word by word, on a thread of its own."""

    def __init__(self, chat_ctx: int = 4096) -> None:
        self.chat_ctx = chat_ctx
        self.reply: Callable[[Generate], str] = lambda request: "Understood, go on please."
        self.call: Callable[[Generate], tuple[ToolCall, ...]] = lambda request: ()
        self.fail: Callable[[Generate], ErrorInfo | None] = lambda request: None
        self.asked: list[Generate] = []
        self.counted: list[Count | Tokenize] = []
        self.sense: Callable[[str], bytes] = lambda text: b""
        self.gate = threading.Event()
        self.gate.set()
        self.purged: list[SessionId] = []
        self._cancelled: set[RequestId] = set()
        self._thread = ThreadPoolExecutor(4, "model")

    def submit(self, request: Request, sink: Sink) -> None:
        try:
            self._thread.submit(self._answer, request, sink)
        except RuntimeError:  # closed: a generator refuses through the sink, it never raises
            sink(Failed(request_id=request.request_id, error=ErrorInfo("known", "Closed.")))

    def cancel(self, request_id: RequestId) -> None:
        self._cancelled.add(request_id)
        self.gate.set()

    def purge(self, session: SessionId) -> None:
        self.purged.append(session)

    def close(self) -> None:
        self.gate.set()
        self._thread.shutdown(wait=True)

    def _answer(self, request: Request, sink: Sink) -> None:
        match request:
            case Count():
                self.counted.append(request)
                each = tuple(words(m.text) + PER_MESSAGE for m in request.messages)
                sink(Counted(request_id=request.request_id, total=sum(each) + OPENING, each=each))
            case Tokenize():
                self.counted.append(request)
                tokens = tuple(range(words(request.text)))
                sink(Tokenized(request_id=request.request_id, tokens=tokens))
            case Embed():
                vectors = tuple(self.sense(text) for text in request.texts)
                sink(Embedded(request_id=request.request_id, vectors=vectors))
            case Generate():
                self.asked.append(request)
                self._generate(request, sink)
            case _:
                raise AssertionError(request)

    def _generate(self, request: Generate, sink: Sink) -> None:
        id_ = request.request_id
        prompt = price(request.messages)
        if error := self.fail(request):
            sink(Failed(request_id=id_, error=error))
            return
        if prompt + (request.max_tokens or 0) > self.chat_ctx * 1.1:
            too_long = ContextLimitExceeded(maximum=self.chat_ctx, required=prompt)
            sink(Failed(request_id=id_, error=to_info(too_long)))
            return
        said = self.reply(request).split() if request.max_tokens else []
        done = 0
        for word in said[: request.max_tokens]:
            if done:
                self.gate.wait(10)
            if id_ in self._cancelled:
                break
            sink(Delta(request_id=id_, text=word if done == 0 else f" {word}", tokens=1))
            done += 1
        stats = Stats(prompt_tokens=prompt, completion_tokens=done)
        cut = request.max_tokens is not None and len(said) > request.max_tokens
        reason: FinishReason = "length" if cut else "stop"
        if id_ in self._cancelled:
            reason = "cancelled"
        calls = self.call(request)
        if calls and reason == "stop":
            reason = "tool_calls"
        sink(Finished(request_id=id_, reason=reason, stats=stats, tool_calls=calls))


class Chat:
    """The room put together, and its events as they came."""

    def __init__(
        self,
        db: Database,
        model: WordModel,
        settings: WindSettings,
        generator: Generator | None = None,
        preset_of: PresetOf = of_model,
    ) -> None:
        self.db = db
        self.model = model
        self.generator = generator or model
        self.events: list[ChatEvent] = []
        self.ready: list[str] = []
        self.loaded = threading.Event()
        self.loaded.set()
        self.tool_settings = ToolSettings()
        toolbox = Toolbox(built_in(), lambda: self.tool_settings)
        self._changed = threading.Condition()
        self.budget = Budget(model.chat_ctx, settings)
        self.scale = Scale(
            db, self.generator, lambda: self.budget, toolbox, sees=lambda _model: self.sees
        )
        self.sees = False
        self.default_model = ""
        self.summarizer = ""
        self.wind = Wind(
            db,
            self.generator,
            self.post,
            lambda: self.budget,
            self.scale,
            summarizer=lambda: self.summarizer,
            idle_s=0.0,
        )
        self.narrator = Narrator(db, self.scale, self.wind, self.post)
        self.embedder = ""
        self.meaning = Meaning(db, self.generator, lambda: self.embedder)
        self.titles = Titles(db, self.generator, self.post, self.scale)
        self.answering = Answering(
            db,
            self.generator,
            self.post,
            lambda: self.budget,
            self.scale,
            wind=self.wind,
            meaning=self.meaning,
            titles=self.titles,
            ready=self._load,
        )
        self.recommended: dict[str, Sampling] = {}
        self.turns = Turns(
            db,
            self.answering,
            self.post,
            sampling=lambda model: self.recommended.get(model, Sampling()),
            default_model=lambda: self.default_model,
            preset_of=preset_of,
            toolbox=toolbox,
        )
        self.presets = Presets(db, self.post)

    def _load(self, model: str) -> None:
        self.ready.append(model)
        self.loaded.wait(20)

    def post(self, event: ChatEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, kind: type, count: int = 1) -> list[ChatEvent]:
        def found() -> list[ChatEvent]:
            return [event for event in self.events if isinstance(event, kind)]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, 10), self.events[-5:]
            return found()

    def settle(self) -> None:
        """Wait until every wind that was due has ended."""
        while self.wind._timers:  # pyright: ignore
            time.sleep(0.001)
        self.wind._thread.submit(lambda: None).result()  # pyright: ignore

    def last_asked(self) -> Generate:
        """The newest request that a person waits for."""
        return [r for r in self.model.asked if r.priority == "interactive"][-1]

    def branch(self, conversation: ConversationId) -> list[StoredMessage]:
        return self.db.read(lambda tx: messages.path(tx, conversation)).result()

    def close(self) -> None:
        self.turns.close()
        self.narrator.close()
        self.meaning.close()
        self.wind.close()
        self.model.close()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "chats.sqlite3")
    yield database
    database.close()


@pytest.fixture
def chat(db: Database) -> Iterator[Chat]:
    """No wind by itself: the tests of turns do not want one."""
    room = Chat(db, WordModel(), WindSettings(threshold=2.0))
    yield room
    room.close()
