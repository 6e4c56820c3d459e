"""The other models of the settings, from the file to a process of their own."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.bootstrap.rooms import Rooms, open_rooms
from app.bootstrap.window import _report_memory
from app.core.ids import ConversationId, new_request_id
from app.core.messages import Message
from app.core.protocol import CHAT, EMBEDDER, SUMMARIZER, Embed, Embedded
from app.core.settings import Settings
from app.storage import conversations, messages
from app.storage.database import Tx
from app.ui.bridge import Bridge
from app.ui.events import MemoryReported
from app.workers.metrics import WorkerMetrics
from tests.workers.asking import Until, submit


@pytest.fixture
def other(tiny_model: Path, tmp_path: Path) -> Path:
    """A second model, as far as anybody can tell."""
    copy = tmp_path / "other.gguf"
    copy.write_bytes(tiny_model.read_bytes())
    return copy


def settings(home: Path, **models: Any) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.json").write_text(
        json.dumps({"models": {"chat_ctx": 2048, "threads": 1, **models}})
    )


def worker(rooms: Rooms, role: str) -> WorkerMetrics:
    Until.ticks(rooms.pool, 2)
    (found,) = (each for each in rooms.pool.state.workers if role in each.roles)
    return found


def long_chat(tx: Tx) -> ConversationId:
    chat = conversations.create(tx, "long").id
    for turn in range(8):
        for role in ("user", "assistant"):
            text = f"Turn {turn}: " + "the garden has tall trees and a small pond. " * 5
            leaf = messages.active_leaf(tx, chat)
            messages.add(tx, chat, leaf, Message(role=role, content=text))
    return chat


def test_summaries_come_from_the_summarizer_when_there_is_one(
    home: Path, tiny_model: Path, other: Path
) -> None:
    settings(home, summarizer=str(other))
    with open_rooms(lambda _: None) as rooms:
        rooms.load(tiny_model).result(30)
        assert worker(rooms, SUMMARIZER).pid == 0  # nobody has asked for it yet
        chat = rooms.db.write(long_chat).result()
        assert rooms.wind.start(chat).result(60) is not None
        summarizer, chatting = worker(rooms, SUMMARIZER), worker(rooms, CHAT)
        assert (summarizer.model, chatting.model) == (str(other), str(tiny_model))
        assert 0 != summarizer.pid != chatting.pid != 0

        wrote = [each for each in rooms.pool.state.recent if each.tokens]
        assert {each.worker for each in wrote} == {summarizer.worker}
        primed = [each for each in rooms.pool.state.recent if each.kind == "generate"][-1]
        assert (primed.worker, primed.tokens) == (chatting.worker, 0)


def test_a_summarizer_that_does_not_load_costs_no_summary(
    home: Path, tiny_model: Path, other: Path
) -> None:
    other.write_bytes(tiny_model.read_bytes()[:200_000])
    settings(home, summarizer=str(other))
    with open_rooms(lambda _: None) as rooms:
        rooms.load(tiny_model).result(30)
        chat = rooms.db.write(long_chat).result()
        assert rooms.wind.start(chat).result(60) is not None
        chatting = worker(rooms, CHAT)
        wrote = [each for each in rooms.pool.state.recent if each.tokens]
        assert {each.worker for each in wrote} == {chatting.worker}


def test_a_summarizer_that_is_gone_is_said_and_the_chat_model_stands_in(
    home: Path, tiny_model: Path, tmp_path: Path
) -> None:
    settings(home, summarizer=str(tmp_path / "gone.gguf"))
    with open_rooms(lambda _: None) as rooms:
        (problem,) = rooms.problems
        assert problem.startswith("The summarizer of the settings was not found.")
        rooms.load(tiny_model).result(30)
        chat = rooms.db.write(long_chat).result()
        assert rooms.wind.start(chat).result(60) is not None


def test_the_embedder_is_loaded_by_the_first_text(
    home: Path, tiny_model: Path, other: Path
) -> None:
    settings(home, embedder=str(other), workers=2, idle_unload_minutes=1)
    with open_rooms(lambda _: None) as rooms:
        assert rooms.pool._rules.idle_s == 60.0
        rooms.load(tiny_model).result(30)
        request = Embed(request_id=new_request_id(), texts=("a garden", "a pond"))
        end = submit(rooms.pool, request).end()
        assert isinstance(end, Embedded)
        assert len(end.vectors) == 2
        embedder = worker(rooms, EMBEDDER)
        chatting = [each for each in rooms.pool.state.workers if CHAT in each.roles]
        assert len({embedder.pid, *(each.pid for each in chatting)}) == 3


def with_models(old: Settings, **models: Any) -> Settings:
    return msgspec.structs.replace(old, models=msgspec.structs.replace(old.models, **models))


def test_a_changed_setting_moves_the_role(home: Path, tiny_model: Path, other: Path) -> None:
    settings(home)
    with open_rooms(lambda _: None) as rooms:
        assert not rooms.pool._roster.has_role(SUMMARIZER)
        file = home / "config" / "settings.json"
        assert "summarizer" not in file.read_text()
        rooms.settings.change(lambda old: with_models(old, summarizer=str(other)))
        assert worker(rooms, SUMMARIZER).model == str(other)
        rooms.settings.change(lambda old: with_models(old, summarizer=""))
        Until.ticks(rooms.pool, 2)
        assert rooms.pool.state.workers == ()


def test_the_memory_panel_hears_of_the_engines_that_chat(
    home: Path, tiny_model: Path, qtbot: Any
) -> None:
    settings(home, workers=2)
    bridge = Bridge()
    heard: list[MemoryReported] = []

    def listen(event: object) -> None:
        if isinstance(event, MemoryReported):
            heard.append(event)

    bridge.arrived.connect(listen)
    with open_rooms(bridge.post) as rooms:
        rooms.pool.subscribe(lambda event: _report_memory(event, bridge))
        rooms.load(tiny_model).result(30)
        qtbot.waitUntil(lambda: any(each.stats.cells for each in heard), timeout=10_000)
        each_rss = [worker.rss_bytes for worker in rooms.pool.state.workers]
        assert len(each_rss) == 2
        assert heard[-1].stats.rss_bytes > 1.5 * min(each_rss)
