"""The engine's bench: what its ratios mean, and that its figures come from a real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import bench_engine
from app.cli.bench_child import Child, full_rate, prompt, token_times
from app.cli.bench_goals import Goal, goals, lines, ratio, report
from app.core.errors import ModelLoadFailed

TURNS = {"normal": [100.0, 110.0, 90.0], "after_wind": [115.0]}


def named(rounds: list[dict[str, float]], name: str) -> Goal:
    return next(goal for goal in goals(rounds, TURNS) if goal.name == name)


def test_a_ratio_divides_within_a_round() -> None:
    """A slow round slows both sides: its ratio still counts as any other."""
    rounds = [{"a": 10.0, "b": 5.0}, {"a": 1.0, "b": 0.5}, {"a": 9.0, "b": 9.0}, {"a": 3.0}]
    assert ratio(rounds, "a", "b") == 2.0
    assert ratio(rounds, "a", "c") is None


def test_goals_are_met_missed_or_not_measured() -> None:
    rounds = [{"ours N=1": 97.0, "batched-bench N=1": 100.0, "stall ms": 151.0}]
    assert named(rounds, "ours / batched-bench, N=1").met is True
    assert named(rounds, "stall ms").met is False
    assert named(rounds, "ours / llama-server, N=16").met is None
    assert named(rounds, "turn after a wind / normal turn").value == pytest.approx(1.15)


def test_the_busy_core_is_compared_with_the_best_fixed_count() -> None:
    rounds = [
        {"busy: ours": 8.0, "busy: 1 threads": 10.0, "busy: 1 threads cpu ms": 99.0}
        | {"busy: 2 threads": 4.0, "busy: ours again": 12.0}
    ]
    assert named(rounds, "beside a busy core / best fixed threads").value == 1.0


def test_the_report_names_what_was_not_measured() -> None:
    facts = report(Path("m.gguf"), 1, [{"ours N=1": 10.0, "loop N=1": 10.0}], TURNS)
    assert "llama-server" in facts["not_installed"]
    assert facts["includes"].keys() == {"ours", "loop"}
    assert any(line.startswith("Not installed") and "xllamacpp" in line for line in lines(facts))


def test_without_a_checkout_there_are_no_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_engine, "_PEERS", Path("/nowhere/bench_peers.py"))
    assert bench_engine._run_peer("loop", Path("m.gguf"), 1, 1) is None


def test_a_rate_counts_only_while_all_streams_run() -> None:
    early, late = [0.0, 1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0, 6.0]
    assert full_rate([early, late]) == 4 / 2


@pytest.fixture(scope="module")
def child(tiny_model: Path) -> Iterator[Child]:
    child = Child(tiny_model, chat_ctx=512, threads=1)
    yield child
    child.close()


def test_every_token_of_every_stream_has_its_time(child: Child) -> None:
    ids = [child.ask(prompt(number, 16), 12) for number in range(3)]
    seen = child.watch(*ids)
    times = [token_times(seen, request_id) for request_id in ids]
    assert list(map(len, times)) == [12, 12, 12]
    assert full_rate(times) > 0


def test_a_forgotten_session_is_computed_again(child: Child) -> None:
    tokens = prompt(7, 200)
    child.run(tokens, 1, "s")
    assert child.run(tokens, 1, "s").stats.reuse == "own"
    child.forget("s")
    assert child.run(tokens, 1, "s").stats.reuse == "none"


def test_a_model_that_cannot_be_loaded_is_a_known_error(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadFailed):
        Child(tmp_path / "none.gguf")
