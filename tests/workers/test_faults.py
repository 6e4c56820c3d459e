"""What the pool survives, counted, against the real engine with the tiny model.

Each count has a quick form and, marked slow, the full one. Each group has a control: the same
check with a bug put in on purpose, which must notice it.
"""

import os
import random
import signal
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.core.errors import AppError, ModelLoadFailed, OutOfMemory, from_info
from app.core.protocol import Failed, Finished, Memory, ModelSpec
from app.workers.link import Link
from app.workers.pool import Pool
from app.workers.roster import Roster
from app.workers.worker import Phase, Worker
from tests.workers import scripted
from tests.workers.asking import Answer, chat, load_tiny
from tests.workers.conftest import MakePool

ExpectLog = Callable[[str], None]
full = pytest.mark.slow
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
pytestmark = [posix_only, pytest.mark.timeout(900)]

PROMPT_S = 5.0
REPLY = 64


def engines() -> list[psutil.Process]:
    return psutil.Process().children()


def strike(pool: Pool, how: signal.Signals, at_token: int, session: str) -> str:
    """Hits the engine in the middle of a reply; how the reply ended."""
    answer = chat(pool, "tell me a long story", session, max_tokens=REPLY)
    if at_token:
        answer.wait_for_tokens(at_token)
    pid = pool.place_of(answer.id)
    if pid and pid.pid:
        os.kill(pid.pid, how)
    end = answer.end()
    return end.error.kind if isinstance(end, Failed) else "finished"


def next_prompt_s(pool: Pool, session: str, patience_s: float = 10.0) -> float:
    started = time.monotonic()
    end = chat(pool, "and now?", session, max_tokens=4).end(patience_s)
    assert isinstance(end, Finished), end
    return time.monotonic() - started


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


@pytest.fixture
def real(make_pool: MakePool, tiny_model: Path) -> Pool:
    pool = make_pool(launch=None, silence_s=2.5)
    load_tiny(pool, tiny_model)
    return pool


# ---------------------------------------------------------------- killed


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=full)])
def test_after_a_kill_at_any_token_the_next_prompt_works(
    real: Pool, kills: int, expect_log: ExpectLog
) -> None:
    expect_log("SIGKILL|SIGSEGV")
    dice = random.Random(kills)
    times: list[float] = []
    ends: list[str] = []
    for index in range(kills):
        how = dice.choice((signal.SIGKILL, signal.SIGSEGV))
        ends.append(strike(real, how, dice.randrange(REPLY), f"s{index}"))
        times.append(next_prompt_s(real, f"s{index}"))
    print(
        f"\n{kills} kills: next prompt p50 {statistics.median(times):.2f} s, p95 {p95(times):.2f} s"
    )
    print({kind: ends.count(kind) for kind in set(ends)})
    assert len(times) == kills
    assert p95(times) <= PROMPT_S
    assert set(ends) <= {"worker_died", "finished"}
    assert "worker_died" in ends
    assert len(engines()) == 1


def test_control_a_pool_that_ignores_a_death_is_noticed(
    real: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "ended", lambda *_: None)
    answer = chat(real, max_tokens=REPLY)
    answer.wait_for_tokens(2)
    for engine in engines():
        engine.kill()
    with pytest.raises(AssertionError, match="no end came"):
        next_prompt_s(real, "s", patience_s=2.0)


# ---------------------------------------------------------------- hung


@pytest.mark.parametrize("hangs", [1, pytest.param(20, marks=full)])
def test_a_hang_is_noticed_in_time_and_the_next_prompt_works(
    real: Pool, hangs: int, expect_log: ExpectLog
) -> None:
    expect_log("stopped responding")
    dice = random.Random(hangs)
    noticed: list[float] = []
    stops: list[float] = []
    for index in range(hangs):
        started = time.monotonic()
        ending = strike(real, signal.SIGSTOP, dice.randrange(1, REPLY // 2), f"s{index}")
        assert ending in ("worker_died", "finished")
        noticed.append(time.monotonic() - started)
        next_prompt_s(real, f"s{index}")
        stops.append(_stop_while_hung(real))
        next_prompt_s(real, f"s{index}")
    print(f"\n{hangs} hangs: noticed after at most {max(noticed):.2f} s, Stop {max(stops):.2f} s")
    assert max(noticed) <= 2.5 + 1.5
    assert max(stops) <= 1.0


def _stop_while_hung(pool: Pool) -> float:
    answer = chat(pool, "go on", max_tokens=1500)
    answer.wait_for_tokens(3)
    for engine in engines():
        engine.suspend()
    started = time.monotonic()
    pool.cancel(answer.id)
    assert answer.finished().reason == "cancelled"
    return time.monotonic() - started


def test_control_without_the_watch_a_hang_is_not_noticed(
    real: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "check", lambda *_: None)
    answer = chat(real, max_tokens=1500)
    answer.wait_for_tokens(2)
    for engine in engines():
        engine.suspend()
    with pytest.raises(AssertionError, match="no end came"):
        answer.end(timeout_s=3.5)


# ---------------------------------------------------------------- memory and files


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA")


def refused_for_its_size(pool: Pool, model: Path) -> bool:
    answer = Answer()
    pool.load(ModelSpec(path=str(model), chat_ctx=2048, threads=1), sink=answer)
    end = answer.end()
    return isinstance(end, Failed) and isinstance(
        from_info(end.error), OutOfMemory | ModelLoadFailed
    )


@linux_only
def test_a_model_that_hits_the_memory_ceiling_fails_alone(
    make_pool: MakePool, tiny_model: Path
) -> None:
    assert refused_for_its_size(make_pool(launch=None, memory_bytes=120_000_000), tiny_model)
    roomy = make_pool(launch=None, memory_bytes=2_000_000_000)
    load_tiny(roomy, tiny_model)
    assert next_prompt_s(roomy, "s") < PROMPT_S


@linux_only
def test_control_a_ceiling_that_is_not_imposed_is_noticed(
    make_pool: MakePool, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.workers.worker.impose", lambda *_: None)
    monkeypatch.setattr("app.workers.worker.resident_bytes", lambda *_: 0)
    assert not refused_for_its_size(make_pool(launch=None, memory_bytes=120_000_000), tiny_model)


def start_ahead(pool: Pool) -> None:
    """An engine that has greeted: the next load begins at once."""
    pool.warm()
    deadline = time.monotonic() + 20
    while not ((spare := pool._engines._spare) and spare.hello):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def survives_a_broken_second(pool: Pool, broken: Path, sound: Path) -> None:
    """The reply of the first model is the same with and without a load that fails beside it."""
    alone = chat(pool, "a story", max_tokens=800)
    alone.finished()
    broken.write_bytes(sound.read_bytes()[:200_000])
    start_ahead(pool)
    streaming = chat(pool, "a story", max_tokens=800)
    streaming.wait_for_tokens(5)
    failed = Answer()
    pool.load(ModelSpec(path=str(broken), chat_ctx=2048), role="", sink=failed)
    assert isinstance(from_info(failed.error().error), ModelLoadFailed)
    assert streaming.tokens < 800  # it was streaming then
    assert streaming.finished().reason == "length"
    assert streaming.text == alone.text


def test_a_second_model_that_fails_to_load_leaves_the_first_reply_alone(
    real: Pool, tmp_path: Path, tiny_model: Path
) -> None:
    survives_a_broken_second(real, tmp_path / "broken.gguf", tiny_model)


def test_control_a_failed_load_that_ends_the_others_is_noticed(
    real: Pool, tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_failed = Roster.load_failed

    def careless(self: Roster, worker: Worker, error: AppError) -> None:
        load_failed(self, worker, error)
        for each in self.workers():
            if each is not worker:
                each.close()

    monkeypatch.setattr(Roster, "load_failed", careless)
    with pytest.raises(AssertionError, match="cancelled"):
        survives_a_broken_second(real, tmp_path / "broken.gguf", tiny_model)


def survives_deletion(pool: Pool, model: Path, sound: Path, patience_s: float = 10.0) -> None:
    model.write_bytes(sound.read_bytes())
    _load_as(pool, model, "map")
    model.unlink()
    assert next_prompt_s(pool, "s") < PROMPT_S  # what is loaded goes on
    strike(pool, signal.SIGKILL, 5, "t")
    error = from_info(chat(pool, max_tokens=4).error().error)
    assert isinstance(error, ModelLoadFailed)
    assert "model file" in error.message
    model.write_bytes(sound.read_bytes())
    # And comes back with its file.
    assert next_prompt_s(pool, "s", patience_s) < PROMPT_S


def test_a_model_file_deleted_under_a_live_worker(
    make_pool: MakePool, tmp_path: Path, tiny_model: Path, expect_log: ExpectLog
) -> None:
    expect_log("SIGKILL")
    pool = make_pool(launch=None, restart_s=(0.0, 0.05))
    survives_deletion(pool, tmp_path / "model.gguf", tiny_model)


def test_control_a_worker_that_never_tries_again_is_noticed(
    make_pool: MakePool,
    tmp_path: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    expect_log: ExpectLog,
) -> None:
    """Without the wake the prompt after the file came back waits for ever."""
    expect_log("SIGKILL")
    monkeypatch.setattr(Worker, "is_down", property(lambda self: self.phase is Phase.ASLEEP))
    pool = make_pool(launch=None, restart_s=(0.0, 0.05))
    with pytest.raises(AssertionError, match="no end came"):
        survives_deletion(pool, tmp_path / "model.gguf", tiny_model, patience_s=2.0)


def survives_truncation(pool: Pool, model: Path, sound: Path, memory: Memory) -> None:
    model.write_bytes(sound.read_bytes())
    _load_as(pool, model, memory)
    os.truncate(model, 100_000)
    assert next_prompt_s(pool, "s") < PROMPT_S


def test_a_model_file_truncated_under_a_worker_that_copied_it(
    make_pool: MakePool, tmp_path: Path, tiny_model: Path
) -> None:
    survives_truncation(make_pool(launch=None), tmp_path / "model.gguf", tiny_model, "copy")


def test_control_a_worker_that_maps_although_it_should_copy_is_noticed(
    make_pool: MakePool, tmp_path: Path, tiny_model: Path, expect_log: ExpectLog
) -> None:
    expect_log("SIGBUS")
    pool = make_pool(launch=None, restart_s=())
    with pytest.raises(AssertionError, match=r"worker_died|model_load_failed"):
        survives_truncation(pool, tmp_path / "model.gguf", tiny_model, "map")


def test_a_model_file_truncated_under_a_worker_that_maps_it(
    make_pool: MakePool, tmp_path: Path, tiny_model: Path, expect_log: ExpectLog
) -> None:
    """The kernel ends the engine (SIGBUS); the app says why and loads the mended file."""
    expect_log("SIGBUS")
    pool = make_pool(launch=None, restart_s=(0.0,))
    model = tmp_path / "model.gguf"
    model.write_bytes(tiny_model.read_bytes())
    _load_as(pool, model, "map")
    os.truncate(model, 100_000)
    assert isinstance(chat(pool, max_tokens=4).end(), Failed)
    assert isinstance(from_info(chat(pool, max_tokens=4).error().error), ModelLoadFailed)
    model.unlink()
    model.write_bytes(tiny_model.read_bytes())
    assert next_prompt_s(pool, "s") < PROMPT_S


def _load_as(pool: Pool, model: Path, memory: Memory) -> None:
    answer = Answer()
    spec = ModelSpec(path=str(model), chat_ctx=2048, threads=1, memory=memory)
    pool.load(spec, sink=answer)
    answer.loaded()


# ---------------------------------------------------------------- leaks


class Leaks:
    """What this process holds, before and after."""

    def __init__(self) -> None:
        self._before = self._count()

    def _count(self) -> dict[str, int]:
        own = psutil.Process()
        return {
            "files": own.num_fds(),
            "threads": own.num_threads(),
            "children": len(own.children(recursive=True)),
        }

    def found(self) -> dict[str, int]:
        """What stays: a thread that has just ended may be seen for a moment."""
        deadline = time.monotonic() + 1.0
        while (more := self._more()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return more

    def _more(self) -> dict[str, int]:
        now = self._count()
        return {kind: now[kind] - was for kind, was in self._before.items() if now[kind] > was}


def cycle(make_pool: MakePool, model: Path) -> float:
    """Start, answer, close with the reply running; how long the close took."""
    pool = make_pool(launch=None)
    load_tiny(pool, model)
    answer = chat(pool, max_tokens=1500)
    answer.wait_for_tokens(2)
    started = time.monotonic()
    pool.close()
    closing_s = time.monotonic() - started
    assert answer.finished().reason == "cancelled"
    return closing_s


@pytest.mark.parametrize("cycles", [2, pytest.param(50, marks=full)])
def test_start_and_stop_cycles_leak_nothing(
    make_pool: MakePool, tiny_model: Path, cycles: int
) -> None:
    cycle(make_pool, tiny_model)  # what is imported and cached once
    leaks = Leaks()
    closing_s = max(cycle(make_pool, tiny_model) for _ in range(cycles))
    print(f"\n{cycles} cycles: {leaks.found() or 'nothing leaked'}, closed in {closing_s:.2f} s")
    assert closing_s <= 2.0
    assert leaks.found() == {}


def test_control_a_pipe_left_open_is_noticed(
    make_pool: MakePool, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycle(make_pool, tiny_model)
    leaks = Leaks()
    kept: list[int] = []
    shut_down = Link.shut_down

    def forgetful(self: Link) -> None:
        kept.append(os.dup(0))
        shut_down(self)

    monkeypatch.setattr(Link, "shut_down", forgetful)
    cycle(make_pool, tiny_model)
    assert leaks.found() == {"files": len(kept)}
    for descriptor in kept:
        os.close(descriptor)


# ---------------------------------------------------------------- orphans

APP = """
    import sys, threading
    from tests.workers.asking import ask, chat, load, load_tiny
    from tests.workers.conftest import SCRIPTED
    from app.workers.pool import Pool
    model = sys.argv[1]
    if model:
        pool = Pool()
        load_tiny(pool, model, workers=2)
        answers = [chat(pool, "go", f"s{i}", max_tokens=1500) for i in range(2)]
    else:
        pool = Pool(launch=SCRIPTED)
        load(pool, "immortal=1")
        answers = [ask(pool, "tokens=100000")]
    for answer in answers:
        answer.wait_for_tokens(2)
    print(*(pool.place_of(answer.id).pid for answer in answers), flush=True)
    threading.Event().wait()
"""


def orphans_of_a_killed_app(model: str, patience_s: float = 5.0) -> list[psutil.Process]:
    """Kills an app with replies running; which of its engines are there some time later."""
    app = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(APP), model],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(scripted.ROOT)},
    )
    with app:
        assert app.stdout
        left = [psutil.Process(int(pid)) for pid in app.stdout.readline().split()]
        assert left
        app.kill()
    _, alive = psutil.wait_procs(left, timeout=patience_s)
    return alive


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=full)])
def test_a_killed_app_leaves_no_engine_behind(tiny_model: Path, kills: int) -> None:
    assert [orphans_of_a_killed_app(str(tiny_model)) for _ in range(kills)] == [[]] * kills


def test_control_an_engine_that_ignores_the_end_of_its_input_is_noticed() -> None:
    alive = orphans_of_a_killed_app("", patience_s=1.0)
    for engine in alive:
        engine.kill()
    assert len(alive) == 1
