"""The rooms that work, put together for whichever door opens them.

Everything it opens is closed in reverse order, whatever happens between.
"""

import logging
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import msgspec

from app.bootstrap.embedder import Embedder
from app.bootstrap.models import (
    Models,
    assign_summarizer,
    find_model,
    keep_measured,
    model_spec,
    pool_rules,
)
from app.bootstrap.runtimes import runtime_launch
from app.chat.answering import Answering
from app.chat.attachments import Attachments
from app.chat.budget import Budget
from app.chat.events import ChatEvent
from app.chat.meaning import Meaning
from app.chat.narrator import Narrator
from app.chat.presets import PresetOf, Presets, kept_in
from app.chat.scale import Scale
from app.chat.titles import Titles
from app.chat.tools import Toolbox, built_in
from app.chat.traffic import Traffic
from app.chat.turns import Turns
from app.chat.unkept import Unkept
from app.chat.wind import Wind
from app.core.ids import session_of
from app.core.logs import start_logging
from app.core.paths import Folders, find_folders
from app.core.protocol import CHAT, SUMMARIZER, ModelInfo
from app.core.sampling import Sampling
from app.core.settings import Settings
from app.hub.downloads import Downloads
from app.hub.runtimes import Runtimes
from app.storage import conversations, restoring
from app.storage.database import Database
from app.storage.downloads import StoredDownloads
from app.storage.instance import Instance
from app.storage.measured_file import MeasuredFile
from app.storage.presets import of_model
from app.storage.recovery import Report, open_database
from app.storage.settings_file import SettingsFile
from app.storage.upkeep import Upkeep
from app.workers.events import PoolEvent, WorkerReady
from app.workers.leftovers import drop_snapshots
from app.workers.pool import Pool

_PATIENCE_S = 0.5
_log = logging.getLogger(__name__)


class Chats(msgspec.Struct, frozen=True):
    """The verbs over one database of chats."""

    db: Database
    turns: Turns
    wind: Wind
    narrator: Narrator
    presets: Presets
    meaning: Meaning


class Rooms(msgspec.Struct, frozen=True):
    """What a door needs: the verbs and the rooms behind them."""

    folders: Folders
    settings: SettingsFile
    db: Database
    pool: Pool
    models: Models
    turns: Turns
    wind: Wind
    narrator: Narrator
    presets: Presets
    meaning: Meaning
    embedder: Embedder
    attachments: Attachments
    downloads: Downloads
    budget: Callable[[], Budget]  # of the window of one chat, as it is now
    temporary: Chats  # nothing of these reaches the disk; see `is_temporary`
    recovered: Report | None = None  # the database was damaged: what was saved
    problems: tuple[str, ...] = ()  # what the settings ask for and is not there
    restored: str = ""  # what became of a backup that was wanted back, in words

    def find_model(self, name: str) -> Path:
        return find_model(name, self.settings.value, self.folders)

    def load(self, path: Path) -> "Future[ModelInfo]":
        return self.models.loaded(path)


class _Window:
    """What the loaded models give: the size of a chat's window, how to sample, what they see."""

    def __init__(self, settings: SettingsFile) -> None:
        self._settings = settings
        self._chat_ctx = settings.value.models.chat_ctx
        self._sampling: dict[str, Sampling] = {}
        self._seeing: dict[str, bool] = {}

    def follow(self, event: PoolEvent) -> None:
        if isinstance(event, WorkerReady) and CHAT in event.roles:
            self.learn(event.model, event.info)

    def learn(self, model: str, info: ModelInfo) -> None:
        self._chat_ctx = info.chat_ctx
        # Without a name, the model that answers now is meant.
        self._sampling[model] = self._sampling[""] = info.recommended
        self._seeing[model] = self._seeing[""] = info.vision

    def budget(self) -> Budget:
        return Budget(self._chat_ctx, self._settings.value.wind)

    def sampling(self, model: str) -> Sampling:
        return self._sampling.get(model, Sampling())

    def sees(self, model: str) -> bool:
        return self._seeing.get(model, False)


class _ChatsBuilder(msgspec.Struct, frozen=True):
    """Puts the chat room together over a database; twice, for what is kept and what is not."""

    post: Callable[[ChatEvent], None]
    window: _Window
    models: Models
    toolbox: Toolbox
    closing: ExitStack
    settings: SettingsFile
    sampling: Sampling | None
    max_tokens: int | None

    def stored(self, db: Database, traffic: Traffic, embedder: Embedder) -> Chats:
        meaning = Meaning(db, traffic, embedder.name, traffic.is_quiet)

        def follow(old: Settings, new: Settings) -> None:
            if old.models.embedder != new.models.embedder:
                meaning.catch_up()

        self.closing.callback(self.settings.subscribe(follow))
        return self._over(db, traffic, meaning)

    def passing(self, db: Database, traffic: Traffic, preset_of: PresetOf) -> Chats:
        """What these say is remembered nowhere, not even as what it means."""
        unkept = Unkept(traffic)
        self.closing.callback(unkept.close)
        return self._over(db, unkept, Meaning(db, unkept), preset_of)

    def _over(
        self,
        db: Database,
        generator: Unkept | Traffic,
        meaning: Meaning,
        preset_of: PresetOf = of_model,
    ) -> Chats:
        budget = self.window.budget
        scale = Scale(db, generator, budget, self.toolbox, sees=self.window.sees)
        wind = Wind(
            db,
            generator,
            self.post,
            budget,
            scale,
            summarizer=lambda: SUMMARIZER if self.settings.value.models.summarizer else "",
        )
        self.closing.callback(wind.close)
        narrator = Narrator(db, scale, wind, self.post)
        self.closing.callback(narrator.close)
        self.closing.callback(meaning.close)
        answering = Answering(
            db,
            generator,
            self.post,
            budget,
            scale,
            wind=wind,
            meaning=meaning,
            titles=Titles(db, generator, self.post, scale),
            max_tokens=self.max_tokens,
            ready=self.models.ready,
        )
        turns = Turns(
            db,
            answering,
            self.post,
            sampling=lambda model: self.sampling or self.window.sampling(model),
            default_model=lambda: self.models.current,
            preset_of=preset_of,
            toolbox=self.toolbox,
        )
        self.closing.callback(turns.close)
        return Chats(db, turns, wind, narrator, Presets(db, self.post), meaning)


def _open_stored(
    folders: Folders, on_raise: Callable[[list[str]], None] | None, closing: ExitStack
) -> tuple[Database, Report | None, str]:
    """The user's chats, ours alone while they are open, whatever state they were left in.

    Opened before the pool and closed after it: its last answers are still stored.
    """
    closing.enter_context(Instance(folders.data, on_raise))
    restored = restoring.carry_out(folders.database)
    db, recovered = open_database(folders.database)
    closing.callback(db.close)
    forget = partial(forget_gone_chats, db, folders)
    closing.callback(Upkeep(db, folders.database, after_purge=forget).close)
    return db, recovered, restored


def forget_gone_chats(db: Database, folders: Folders) -> None:
    """The engines' cache keeps nothing of chats that were deleted for good."""
    chats = db.read(conversations.all_ids).result()
    drop_snapshots(folders.snapshots, {session_of(chat) for chat in chats})


class _Patience:
    """Whoever waits for an engine some time after the end has begun is let go.

    A reply is stopped and stored long before; but a model that still loads, or an engine that
    hangs, would be waited for.
    """

    def __init__(self, pool: Pool) -> None:
        self._timer = threading.Timer(_PATIENCE_S, pool.close)

    def begin(self) -> None:
        self._timer.start()

    def end(self) -> None:
        self._timer.cancel()
        if self._timer.ident is not None:
            self._timer.join()


def _open_pool(
    folders: Folders, settings: SettingsFile, closing: ExitStack
) -> tuple[Pool, _Patience, Embedder, tuple[str, ...]]:
    """The engines, and what the settings have them do besides chatting."""
    runtimes = Runtimes(folders.runtimes)
    pool = Pool(
        log=folders.logs / "engine.log",
        rules=pool_rules(settings.value),
        launch=runtime_launch(runtimes),
    )
    patience = _Patience(pool)
    closing.callback(patience.end)
    closing.callback(pool.close)
    pool.warm()  # its process starts and imports while the rest is still being opened

    embedder = Embedder(pool, settings, folders)

    def follow(old: Settings, new: Settings) -> None:
        last = new.models.last  # which model chats is no reason to look for the others again
        if msgspec.structs.replace(old.models, last=last) != new.models:
            embedder.assign()
            for problem in (assign_summarizer(pool, new, folders), embedder.problem):
                if problem:
                    _log.warning("%s", problem)

    closing.callback(settings.subscribe(follow))
    refused = runtimes.active().refused
    problems = (refused, assign_summarizer(pool, settings.value, folders), embedder.problem)
    return pool, patience, embedder, tuple(filter(None, problems))


def _open_downloads(
    db: Database, folders: Folders, settings_file: SettingsFile, closing: ExitStack
) -> Downloads:
    """Those of the last time go on when the window asks for it."""

    def find_token() -> str | None:
        from huggingface_hub import get_token

        return get_token()

    folder = settings_file.value.models_folder(folders.models)
    downloads = Downloads(folder, StoredDownloads(db), find_token=find_token)
    downloads.limit(settings_file.value.models.download_limit_kib << 10)
    closing.callback(downloads.close)

    def follow(_: Settings, settings: Settings) -> None:
        downloads.set_folder(settings.models_folder(folders.models))
        downloads.limit(settings.models.download_limit_kib << 10)

    closing.callback(settings_file.subscribe(follow))
    return downloads


@contextmanager
def open_rooms(
    post: Callable[[ChatEvent], None],
    *,
    temporary: bool = False,
    sampling: Sampling | None = None,
    max_tokens: int | None = None,
    verbose: bool = False,
    on_raise: Callable[[list[str]], None] | None = None,
) -> Generator[Rooms]:
    folders = find_folders()
    folders.create()
    start_logging(folders.log, verbose=verbose)
    with ExitStack() as closing:
        settings_file = SettingsFile(folders.settings)
        passing_db = Database(None)
        closing.callback(passing_db.close)
        db, recovered, restored = passing_db, None, ""
        if not temporary:
            db, recovered, restored = _open_stored(folders, on_raise, closing)
        pool, patience, embedder, problems = _open_pool(folders, settings_file, closing)
        traffic, window = Traffic(pool), _Window(settings_file)
        pool.subscribe(window.follow)
        pool.subscribe(keep_measured(MeasuredFile(folders.measured_loads)))
        toolbox = Toolbox(built_in(), lambda: settings_file.value.tools)
        models = Models(
            pool,
            traffic,
            lambda path: model_spec(path, settings_file.value, folders),
            lambda: settings_file.value.models.workers,
            window.learn,
        )
        downloads = _open_downloads(db, folders, settings_file, closing)
        attachments = Attachments(pool, window.budget, window.sees)
        closing.callback(attachments.close)
        build = _ChatsBuilder(
            post, window, models, toolbox, closing, settings_file, sampling, max_tokens
        )
        passing = build.passing(passing_db, traffic, of_model if temporary else kept_in(db))
        kept = passing if temporary else build.stored(db, traffic, embedder)
        closing.callback(patience.begin)
        yield Rooms(
            folders,
            settings_file,
            kept.db,
            pool,
            models,
            kept.turns,
            kept.wind,
            kept.narrator,
            kept.presets,
            kept.meaning,
            embedder,
            attachments,
            downloads,
            window.budget,
            passing,
            recovered,
            problems,
            restored,
        )
