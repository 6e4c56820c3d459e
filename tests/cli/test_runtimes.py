"""`llama-chat runtimes …` with builds that load, that do not, and that end the engine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.cli.main import main
from app.core.paths import find_folders
from app.hub.runtime_builds import bindings_version
from app.hub.runtimes import LIBRARIES, Runtimes
from app.workers.greeting import greet
from app.workers.process import Launch, engine_launch
from tests.hub.wheel_index import LIBRARY, Index, make_wheel

NAME = f"cpu-{bindings_version()}"


def _own_libraries() -> dict[str, bytes]:
    """What the app runs on anyway, to be installed as a build of its own."""
    package = find_spec("llama_cpp")
    assert package
    assert package.origin
    folder = Path(package.origin).parent / "lib"
    return {f"llama_cpp/lib/{file.name}": file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def good() -> bytes:
    return make_wheel(_own_libraries())


@pytest.fixture
def index() -> Iterator[Index]:
    with Index().serving() as served:
        yield served


@pytest.fixture
def runtimes() -> Runtimes:
    return Runtimes(find_folders().runtimes)


@pytest.fixture
def model(tiny_model: Path) -> Path:
    """What a trial may load."""
    folder = find_folders().models
    folder.mkdir(parents=True)
    (folder / "tiny-Q4_K_M.gguf").symlink_to(tiny_model)
    return folder / "tiny-Q4_K_M.gguf"


def loaded_by(launch: Launch) -> str:
    """The library an engine's process has really opened."""
    code = "from app.engine.llama.library import lib, start; start(); print(lib._lib._name)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | launch.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


@pytest.mark.timeout(180)  # five engines, one after the other
@pytest.mark.usefixtures("model")
def test_a_build_is_installed_tried_used_and_removed(
    index: Index, good: bytes, runtimes: Runtimes, capfd: pytest.CaptureFixture[str]
) -> None:
    from app.bootstrap.runtimes import runtime_launch

    index.offer(good, index="cpu")
    assert main(["runtimes", "install", "cpu", "--index", index.url("cpu")]) == 0
    out = capfd.readouterr().out
    assert f"{NAME} is installed" in out
    assert f"{NAME} is in use" in out
    inside = runtimes.folder / NAME / LIBRARIES
    assert loaded_by(runtime_launch(runtimes)) == str(inside / LIBRARY)
    assert main(["runtimes", "list", "--json"]) == 0
    listed = json.loads(capfd.readouterr().out)
    assert (listed["used"], listed["refused"]) == (NAME, "")
    assert listed["suited"][-1]["backend"] == "cpu"
    assert listed["devices"][0]["kind"] == "cpu"
    assert listed["can_compile"] is True
    assert main(["runtimes", "use", "built-in"]) == 0
    assert runtime_launch(runtimes) == engine_launch()
    assert main(["runtimes", "remove", NAME]) == 0
    assert runtimes.installed() == []
    assert main(["runtimes", "remove", NAME]) == 1


def test_a_build_that_does_not_load_is_not_used(
    index: Index,
    runtimes: Runtimes,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    index.offer(make_wheel(), index="cpu")
    assert main(["runtimes", "install", "cpu", "--index", index.url("cpu")]) == 1
    assert "does not work here" in capfd.readouterr().err
    assert runtimes.active().name == ""
    assert main(["runtimes", "list"]) == 0
    out = capfd.readouterr().out
    assert NAME in out
    assert "built-in" in out
    assert "With --compile it is built here" in out
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert main(["runtimes", "install", "cpu", "--compile"]) == 1
    assert "cannot compile" in capfd.readouterr().err


def test_a_wrong_hash_installs_nothing(
    index: Index, good: bytes, runtimes: Runtimes, capfd: pytest.CaptureFixture[str]
) -> None:
    index.offer(good, digest="0" * 64, index="cpu")
    assert main(["runtimes", "install", "cpu", "--index", index.url("cpu"), "--no-use"]) == 1
    assert capfd.readouterr().err.strip()
    assert runtimes.installed() == []


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot begin anew there")
def test_an_engine_goes_back_to_its_own_build_and_says_why(tmp_path: Path) -> None:
    """As after a driver update: what worked in its trial loads no more."""
    broken = tmp_path / "broken"
    broken.mkdir()
    note = tmp_path / "note"
    environment = {
        "LLAMA_CHAT_RUNTIME": str(broken),
        "LLAMA_CHAT_RUNTIME_NAME": "broken",
        "LLAMA_CHAT_RUNTIME_NOTE": str(note),
    }
    own = engine_launch()
    launch = Launch(own.command, own.environment | environment)
    for name, content in _own_libraries().items():
        (broken / Path(name).name).write_bytes(content)
    ggml = broken / f"libggml-base{Path(LIBRARY).suffix}"
    # A library, but not the one it is named for: its functions are missing.
    (broken / LIBRARY).write_bytes(ggml.read_bytes())
    hello = greet(launch)
    assert hello.versions["runtime"] == ""
    assert hello.devices
    assert note.read_text().startswith("broken\n")
    assert "llama" in note.read_text()
    assert [file for file in tmp_path.iterdir() if file.name.startswith("note.")] == []


def test_a_build_that_ended_an_engine_is_not_loaded_again(tmp_path: Path) -> None:
    """Its process could leave no word, only the mark that it had begun."""
    note = tmp_path / "note"
    for _ in range(2):
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        (tmp_path / f"note.{ended.pid}").touch()
    environment = {
        "LLAMA_CHAT_RUNTIME": str(tmp_path / "crashes"),
        "LLAMA_CHAT_RUNTIME_NAME": "crashes",
        "LLAMA_CHAT_RUNTIME_NOTE": str(note),
    }
    own = engine_launch()
    hello = greet(Launch(own.command, own.environment | environment))
    assert hello.versions["runtime"] == ""
    assert "ended the engine" in note.read_text()
    assert greet(Launch(own.command, own.environment | environment)).versions["runtime"] == ""
    assert "ended the engine" in note.read_text(), "asked once, not tried again in this run"
    # One that is still at it is no such sign, nor is one that was killed from outside.
    note.unlink()
    (tmp_path / f"note.{os.getpid()}").touch()
    (tmp_path / f"note.{ended.pid}").touch()
    assert greet(Launch(own.command, own.environment | environment)).versions["runtime"] == ""
    assert "crashes" in note.read_text()
    assert "ended the engine" not in note.read_text()
