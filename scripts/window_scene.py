"""The whole window over a database of sample conversations: one scene for `screenshots.py`.

Nothing answers here: the conversations are written as they would have been stored.
"""

from pathlib import Path
from tempfile import mkdtemp

from app.chat.answering import Answering
from app.chat.budget import Budget
from app.chat.titles import Titles
from app.chat.turns import Turns
from app.chat.wind import Wind
from app.core.ids import ConversationId
from app.core.messages import Message
from app.core.protocol import ModelInfo, Stats
from app.core.sampling import Sampling
from app.storage import conversations, messages
from app.storage.database import Database, Tx
from app.storage.settings_file import SettingsFile
from app.ui.bridge import Bridge
from app.ui.events import ModelChanged, ModelChoice, ModelReady
from app.ui.header.switch import ModelSwitch
from app.ui.preferences import Preferences
from app.ui.theme import Mode
from app.ui.window import Window
from app.workers.pool import Pool
from scripts.sample_conversations import ATTENTION

_TITLES = ("SQL window functions", "Trip to Lisbon", "Rust borrow checker")
_MODEL = ModelChoice("qwen2.5-7b-instruct-q4_k_m.gguf", "qwen2.5 7b instruct", "Q4_K_M")


class WindowScene:
    """Holds what the window needs until `close`."""

    def __init__(self, mode: Mode) -> None:
        self._bridge = Bridge()
        post = self._bridge.post
        self._db = Database(None)
        self._pool = Pool()
        budget = Budget(8192)
        self._wind = Wind(self._db, self._pool, post, lambda: budget)
        titles = Titles(self._db, self._pool, post)
        answering = Answering(
            self._db, self._pool, post, lambda: budget, wind=self._wind, titles=titles
        )
        self._turns = Turns(self._db, answering, post, sampling=lambda _: Sampling())
        opened = self._db.write(_fill).result()
        models = ModelSwitch(self._pool.load, self._pool, post)
        folder = Path(mkdtemp())
        self._preferences = Preferences(SettingsFile(folder / "settings.json", {}))
        memory = folder / "window.json"
        self.window = Window(self._bridge, self._db, self._turns, models, memory, self._preferences)
        self.window.look.choose(mode)
        self.window.show()
        post(ModelChanged(ModelReady(_MODEL, _info())))
        self.window.current.open(opened)

    def close(self) -> None:
        self.window.close()
        self._preferences.close()
        self._turns.close()
        self._wind.close()
        self._pool.close()
        self._db.close()


def _fill(tx: Tx) -> ConversationId:
    for title in _TITLES:
        conversations.create(tx, title)
    chat = conversations.create(tx, "Attention and the KV cache").id
    question = "Why does attention get so slow with long contexts? Show me code and the formula."
    asked = messages.add(tx, chat, None, Message(role="user", content=question))
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


def _info() -> ModelInfo:
    return ModelInfo(
        path=_MODEL.path,
        name=_MODEL.name,
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
