"""A model that is named on the command line and only at the hub: fetched, said, resumed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from app.cli import fetching
from app.cli.main import main
from app.cli.naming import model_to_run
from app.core.errors import HubError, InvalidRequest
from app.core.paths import find_folders
from app.hub.resolve import NotHere
from app.storage.instance import Instance
from scripts.hub_stand_in import StandIn
from tests.cli.conftest import REPOSITORY

ROOT = Path(__file__).parents[2]
NAME = f"{REPOSITORY}:Q4_K_M"


def fetched() -> Path:
    return find_folders().models / REPOSITORY / "tiny-chat-Q4_K_M.gguf"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching.sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(fetching.sys.stderr, "isatty", lambda: True, raising=False)


@pytest.mark.usefixtures("machine")
def test_it_is_fetched_and_answers_with_text_alone_on_stdout(
    hub: StandIn, tiny_model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ask = ["run", "--model", NAME, "--prompt", "Hi", "--max-tokens", "4", "--seed", "1"]
    assert main(ask) == 0
    out, err = capfd.readouterr()
    assert fetched().read_bytes() == tiny_model.read_bytes()
    assert "tiny chat Q4_K_M is" in err
    assert "MB, and goes to" in err
    assert "100%" in err, "plain lines where there is no terminal"
    assert out.strip()
    assert not {"MB", "%", "Q4_K_M"} & set(out.split())
    sent = hub.sent()
    assert main(ask) == 0
    assert capfd.readouterr() == (out, "")
    assert hub.sent() == sent


@pytest.mark.usefixtures("hub", "machine")
def test_the_one_that_suits_is_taken_and_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert model_to_run(REPOSITORY).name == "tiny-chat-Q8_0.gguf"
    assert "Q8_0 is recommended here" in capfd.readouterr().err


@pytest.mark.usefixtures("hub", "machine", "terminal")
@pytest.mark.parametrize("agrees", [True, False])
def test_on_a_terminal_it_asks_first(agrees: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return agrees

    monkeypatch.setattr(typer, "confirm", confirm)
    if agrees:
        assert model_to_run(NAME) == fetched()
    else:
        with pytest.raises(InvalidRequest, match="was not downloaded"):
            model_to_run(NAME)
        assert not fetched().exists()
    assert asked == ["Download it?"]


@pytest.mark.usefixtures("hub", "machine", "terminal")
def test_yes_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(typer, "confirm")
    assert model_to_run(NAME, yes=True) == fetched()


def test_without_a_network_it_is_one_sentence(
    hub: StandIn, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert main(["run", "--model", NAME, "--prompt", "Hi"]) == 1
    out, err = capfd.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.startswith(f"{NAME} is not on this machine. The hub cannot be reached.")
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    with pytest.raises(HubError) as caught:
        model_to_run("maker/none-GGUF")
    assert "The hub has no maker/none-GGUF" in caught.value.message


@pytest.mark.usefixtures("machine")
def test_what_a_window_would_refuse_is_refused_before_the_download(
    hub: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    with Instance(find_folders().data):
        assert main(["run", "--model", NAME, "--prompt", "Hi"]) == 1
    assert "already open" in capfd.readouterr().err
    assert hub.log == []


@pytest.mark.usefixtures("hub")
def test_a_name_that_is_no_hub_s_is_not_looked_for_there(hub: StandIn) -> None:
    with pytest.raises(InvalidRequest, match="no model") as caught:
        model_to_run("a model of mine")
    assert not isinstance(caught.value, NotHere)
    assert hub.log == []


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Children hear SIGINT even where the tests themselves were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to one process there")
@pytest.mark.usefixtures("interrupts")
def test_interrupted_it_keeps_what_came_and_goes_on_from_there(
    hub: StandIn, tiny_model: Path
) -> None:
    """As Ctrl-C does it, in a process of its own."""
    size = tiny_model.stat().st_size
    hub.rate = size // 8
    command = [sys.executable, "-m", "app", "run", "--model", NAME, "--temporary"]
    command += ["--prompt", "Hi", "--max-tokens", "4"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as first:
        until = time.monotonic() + 50
        while hub.sent() < size // 2:
            assert first.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        first.send_signal(signal.SIGINT)
        out, err = first.communicate(timeout=20)
    assert (first.returncode, out) == (130, "")
    assert "the same command goes on from there" in err
    assert "Traceback" not in err
    assert not fetched().exists()
    hub.rate = 0
    again = subprocess.run(
        command, env=environment, text=True, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert (again.returncode, bool(again.stdout.strip())) == (0, True)
    assert fetched().read_bytes() == tiny_model.read_bytes()
    assert hub.sent() <= 1.15 * size
