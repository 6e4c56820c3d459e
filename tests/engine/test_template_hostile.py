"""Templates that want to run code, burn time or fill memory: none does, each ends in time."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.engine.sandbox import TemplateFailed, compile_template, run_template
from app.engine.template_probe import Source, traits_of
from tests.engine.hostile_templates import CODE, HOSTILE, MEMORY, TIME

ROOT = Path(__file__).parents[2]
SAID = [{"role": "user", "content": "hi"}]
HARMLESS = {"attr filter", "format map", "map attribute", "environment"}  # come out empty
CUT = {"indent", "json indent", "digits"}  # come out smaller than asked


def render(source: str) -> str:
    sandbox, template = compile_template(source)
    return run_template(sandbox, template, {"messages": SAID}, deadline_s=0.1)


def test_the_corpus_is_large_enough() -> None:
    assert len(HOSTILE) >= 30


@pytest.mark.parametrize("name", CODE)
def test_no_code_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if name in HARMLESS:
        assert "class" not in render(CODE[name]).lower()
    else:
        with pytest.raises(TemplateFailed):
            render(CODE[name])
    assert list(tmp_path.iterdir()) == [tmp_path / "home"] or not list(tmp_path.iterdir())
    assert SAID == [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize("name", TIME | MEMORY)
def test_work_and_memory_end_at_the_meter(name: str) -> None:
    source = (TIME | MEMORY)[name]
    started = time.monotonic()
    if name in CUT:
        assert len(render(source)) < 10_000
    else:
        with pytest.raises(TemplateFailed):
            render(source)
    assert time.monotonic() - started < 5  # the compiler's own share has a deadline too


@pytest.mark.parametrize("name", ["nested loops", "doubling lists", "deep parentheses"])
def test_the_probe_process_refuses_with_a_reason(name: str) -> None:
    answer = traits_of(Source(HOSTILE[name], "", ""))
    assert answer.traits is None
    assert answer.reason.startswith("the chat template ")


def test_a_probe_that_falls_silent_is_ended() -> None:
    answer = traits_of(Source("{{ messages[0].content }}", "", ""), patience_s=0.01)
    assert answer.traits is None
    assert "time or memory" in answer.reason


def test_the_watchdog_ends_a_call_that_holds_the_interpreter() -> None:
    stuck = (
        "import sys; from app.engine import template_probe as t\n"
        "t._WATCHDOG_S = 0.3\n"
        "t.probe = lambda source: 9 ** 999999999\n"
        "sys.exit(t.main())"
    )
    started = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", stuck],
        input=b'{"template":"","bos":"","eos":""}',
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert run.returncode != 0
    assert b"Timeout" in run.stderr
    assert time.monotonic() - started < 20


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_hostile_template_through_the_probe_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    slowest = 0.0
    for name, source in HOSTILE.items():
        started = time.monotonic()
        answer = traits_of(Source(source.encode("utf-8", "replace").decode(), "", ""))
        slowest = max(slowest, time.monotonic() - started)
        assert answer.traits is None, name
        assert answer.reason, name
    assert not (tmp_path / "PWNED").exists()
    assert slowest < 12
    print(f"{len(HOSTILE)} hostile templates, 0 executed, slowest {slowest:.1f} s")
