"""The path of one message through every room, with a real engine process."""

import os
import queue
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.bootstrap.rooms import open_rooms
from app.chat.events import ChatEvent, ReplyDelta, ReplyFinished
from app.core.protocol import ModelInfo
from app.core.sampling import GREEDY
from app.storage import conversations, messages
from app.storage.messages import StoredMessage
from app.storage.presets import Preset
from app.workers.events import PoolEvent, WorkerReady
from tests.path.endless import endless

ROOT = Path(__file__).parents[2]


def next_of(events: "queue.Queue[ChatEvent]", kind: type, timeout_s: float = 30) -> ChatEvent:
    end = time.monotonic() + timeout_s
    while True:
        event = events.get(timeout=max(0.01, end - time.monotonic()))
        if isinstance(event, kind):
            return event


def finished(events: "queue.Queue[ChatEvent]") -> StoredMessage:
    event = next_of(events, ReplyFinished)
    assert isinstance(event, ReplyFinished)
    return event.message


def test_a_message_is_answered_by_a_real_engine_and_kept(tiny_model: Path) -> None:
    events: queue.Queue[ChatEvent] = queue.Queue()
    with open_rooms(events.put, sampling=GREEDY, max_tokens=40) as rooms:
        info = rooms.load(tiny_model).result(30)
        assert info.chat_ctx == rooms.settings.value.models.chat_ctx
        conversation = rooms.turns.start("Tell me about the garden.").result(5)
        streamed = ""
        while isinstance(event := next_of(events, ReplyDelta | ReplyFinished), ReplyDelta):
            streamed += event.text
        assert isinstance(event, ReplyFinished)
        assert event.message.status in {"complete", "length"}
        assert event.message.message.text == streamed != ""
        rooms.turns.send(conversation, "And about the house?")
        second = finished(events)
        assert second.stats is not None
        # The second turn prefills only what is new.
        assert second.stats.reused_tokens > 0
        kept = rooms.db.read(lambda tx: messages.path(tx, conversation)).result(5)
        assert [m.message.role for m in kept] == ["user", "assistant"] * 2
        assert kept[-1] == second
        assert isinstance(info, ModelInfo)


def test_a_killed_engine_gives_a_sentence_and_the_next_prompt_works(
    tiny_model: Path, expect_log
) -> None:
    expect_log("engine")
    events: queue.Queue[ChatEvent] = queue.Queue()
    pids: queue.Queue[int] = queue.Queue()

    def watch(event: PoolEvent) -> None:
        if isinstance(event, WorkerReady):
            pids.put(event.pid)

    with open_rooms(events.put, sampling=endless(tiny_model), max_tokens=4000) as rooms:
        rooms.pool.subscribe(watch)
        rooms.load(tiny_model).result(30)
        conversation = rooms.turns.start("Count on and on.").result(5)
        next_of(events, ReplyDelta)
        os.kill(pids.get(timeout=10), signal.SIGKILL)
        failed = finished(events)
        assert failed.status == "failed"
        assert failed.error is not None
        assert failed.error.kind == "worker_died"
        assert failed.error.message.endswith(".")
        assert failed.message.text != ""  # what was said stays
        rooms.turns.send(conversation, "Are you there?")
        next_of(events, ReplyDelta)


def run_command(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=os.environ | {"LLAMA_CHAT_HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )


def test_the_command_line_takes_the_same_path(tiny_model: Path, home: Path) -> None:
    options = ("--model", str(tiny_model), "--temperature", "0", "--max-tokens", "40")
    first = run_command(home, "run", *options, "--prompt", "Tell me about the garden.")
    again = run_command(home, "run", *options, "--prompt", "Tell me about the garden.")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.strip() != ""
    assert again.stdout == first.stdout


def test_a_cut_reply_goes_on_as_if_it_had_not_been_cut(tiny_model: Path) -> None:
    said: list[str] = []
    for most, rounds in ((16, 1), (8, 2)):
        events: queue.Queue[ChatEvent] = queue.Queue()
        with open_rooms(events.put, sampling=GREEDY, max_tokens=most, temporary=True) as rooms:
            rooms.load(tiny_model).result(30)
            conversation = rooms.turns.start("Tell me about the garden.").result(5)
            reply = finished(events)
            for _ in range(rounds - 1):
                assert reply.status == "length"
                rooms.turns.continue_reply(conversation, reply.id)
                reply = finished(events)
            said.append(reply.message.text)
    assert said[0] == said[1] != ""


def test_a_chat_changes_its_model_and_changes_back(tiny_model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(tiny_model.read_bytes())
    events: queue.Queue[ChatEvent] = queue.Queue()
    with open_rooms(events.put, sampling=GREEDY, max_tokens=4) as rooms:
        rooms.load(tiny_model).result(30)
        conversation = rooms.turns.start("Hello.", str(tiny_model)).result(5)
        said_by = [finished(events).model]
        for model in (other, tiny_model):
            rooms.presets.use_model(conversation, str(model)).result(5)
            rooms.turns.send(conversation, "And now?")
            reply = finished(events)
            assert reply.error is None
            said_by.append(reply.model)
        assert said_by == [tiny_model.stem, other.stem, tiny_model.stem]
        other.unlink()
        rooms.presets.use_model(conversation, str(other)).result(5)
        rooms.turns.send(conversation, "Are you there?")
        failed = finished(events)
        assert failed.error is not None
        assert "Choose another one." in failed.error.message


def holding(home: Path, words: str) -> list[Path]:
    files = (path for path in home.rglob("*") if path.is_file())
    return [path for path in files if words.encode() in path.read_bytes()]


def test_a_temporary_chat_leaves_no_trace(tiny_model: Path, home: Path) -> None:
    options = ("--model", str(tiny_model), "--max-tokens", "8", "--prompt", "A walrus in the attic")
    done = run_command(home, "run", "--temporary", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert holding(home, "walrus") == []
    assert run_command(home, "run", *options).returncode == 0
    assert holding(home, "walrus") != []


def test_a_temporary_chat_begins_as_its_model_is_set(tiny_model: Path, home: Path) -> None:
    events: queue.Queue[ChatEvent] = queue.Queue()
    with open_rooms(events.put, sampling=GREEDY, max_tokens=4) as rooms:
        rooms.load(tiny_model).result(30)
        own = Preset(system_prompt="Be brief.")
        rooms.presets.set_for_model(rooms.models.current, own).result(5)
        conversation = rooms.temporary.turns.start("A walrus in the attic").result(5)
        assert finished(events).error is None
        begun = rooms.temporary.db.read(lambda tx: conversations.get(tx, conversation)).result(5)
        assert begun.system_prompt == "Be brief."
    assert holding(home, "walrus") == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "--model", "nowhere.gguf", "--prompt", "Hi"), 1, "There is no model"),
        (("run",), 2, "--prompt"),
        (("no-such-command",), 2, "no-such-command"),
        (("run", "--model", "README.md", "--prompt", "Hi"), 1, "not a model"),
    ],
)
def test_every_failure_is_a_sentence_and_an_exit_code(
    home: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = run_command(home, *arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
