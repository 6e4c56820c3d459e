"""Setting up: the missing piece is named, an unfinished set-up is noticed, a bad wheel replaced."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
GHOST = "libghost.so.9"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """scripts/environment.py as its scripts see it, over a checkout in a temporary folder."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import environment

    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    pins = tmp_path / "pins"
    pins.mkdir()
    (pins / "runtime.txt").write_text("# why\nalpha==1.0\nllama_cpp_python==0.3\n")
    (pins / "dev.txt").write_text("beta==2.0\n")
    venv = tmp_path / ".venv"
    for name, value in {
        "ROOT": tmp_path,
        "PINS": pins,
        "VENV": venv,
        "STAMP": venv / "stamp",
        "LOG": venv / "log",
    }.items():
        monkeypatch.setattr(environment, name, value)
    yield environment
    del sys.modules["environment"], sys.modules["system"]


@pytest.fixture
def steps(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """pip and venv replaced by a record of what they were asked; everything succeeds."""
    asked: list[str] = []

    def make_venv() -> None:
        asked.append("venv")
        python = environment._python_of(environment.VENV)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        version = ".".join(map(str, sys.version_info[:3]))
        settings = f"version = {version}\ncommand = python -m venv {environment.VENV}\n"
        (environment.VENV / "pyvenv.cfg").write_text(settings)

    def pip(_python: Path, *arguments: str) -> int:
        options = ("--no-deps", "--no-compile")
        asked.append(" ".join(["pip", *(word for word in arguments if word not in options)]))
        return 0

    monkeypatch.setattr(environment, "_make_venv", make_venv)
    monkeypatch.setattr(environment, "_try_pip", pip)
    monkeypatch.setattr(environment, "_is_equipped", lambda _pins: False)
    monkeypatch.setattr(environment, "_is_reachable", lambda _url: False)
    monkeypatch.setattr(environment, "_has_engine", _then(False, True))
    return asked


def _then(*answers: bool):
    """Answers in turn, the last one for ever."""
    left = list(answers)
    return lambda *_: left.pop(0) if len(left) > 1 else left[0]


def test_second_time_does_nothing(environment: ModuleType, steps: list[str]) -> None:
    environment.prepare(environment.DEV)
    assert steps[0] == "venv"
    assert "pip install alpha==1.0 beta==2.0" in steps
    assert "pip install llama_cpp_python==0.3" in steps
    steps.clear()
    environment.prepare(environment.DEV)
    environment.prepare(environment.RUNTIME)
    assert steps == []


def test_changed_pin_is_installed_without_a_new_venv(
    environment: ModuleType, steps: list[str]
) -> None:
    environment.prepare(environment.DEV)
    steps.clear()
    (environment.PINS / "dev.txt").write_text("beta==3.0\n")
    environment.prepare(environment.DEV)
    assert steps[0] == "pip install alpha==1.0 beta==3.0"


def test_tests_after_the_window_add_the_dev_pins(environment: ModuleType, steps: list[str]) -> None:
    environment.prepare(environment.RUNTIME)
    steps.clear()
    environment.prepare(environment.DEV)
    assert steps[0] == "pip install alpha==1.0 beta==2.0"


def test_interrupted_setup_starts_afresh(
    environment: ModuleType, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: str) -> int:
        environment.stop("Stopped.", 130)

    with monkeypatch.context() as patch:
        patch.setattr(environment, "_try_pip", interrupted)
        with pytest.raises(SystemExit, match="130"):
            environment.prepare(environment.RUNTIME)
    steps.clear()
    environment.prepare(environment.RUNTIME)
    assert steps[0] == "venv"


def test_moved_checkout_gets_a_new_venv(environment: ModuleType, steps: list[str]) -> None:
    environment.prepare(environment.RUNTIME)
    steps.clear()
    (environment.VENV / "pyvenv.cfg").write_text("command = python -m venv /elsewhere/.venv\n")
    (environment.PINS / "runtime.txt").write_text("alpha==1.1\nllama_cpp_python==0.3\n")
    environment.prepare(environment.RUNTIME)
    assert steps[0] == "venv"


def test_prebuilt_wheel_that_does_not_load_is_replaced(
    environment: ModuleType, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "_is_reachable", lambda _url: True)
    monkeypatch.setattr(environment, "_has_engine", _then(False, False, True))
    environment.prepare(environment.RUNTIME)
    engine = [step for step in steps if "llama_cpp_python" in step]
    assert "--only-binary=:all:" in engine[0]
    assert engine[1:] == [
        "pip uninstall --yes llama_cpp_python",
        "pip install llama_cpp_python==0.3",
    ]


def test_prebuilt_wheel_that_loads_needs_no_compiler(
    environment: ModuleType, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "_is_reachable", lambda _url: True)
    monkeypatch.setattr(environment.system, "require_compiler", lambda: pytest.fail("asked"))
    environment.prepare(environment.RUNTIME)
    assert sum("llama_cpp_python" in step for step in steps) == 1


def test_failed_pip_shows_the_end_of_its_log(
    environment: ModuleType,
    steps: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing(*_: str) -> int:
        environment.LOG.write_text("ERROR: no such version\n")
        return 1

    monkeypatch.setattr(environment, "_try_pip", failing)
    with pytest.raises(SystemExit):
        environment.prepare(environment.RUNTIME)
    assert "ERROR: no such version" in capsys.readouterr().err


def test_unreachable_wheels_are_given_up_on(environment: ModuleType) -> None:
    assert not environment._is_reachable("http://127.0.0.1:9/whl")


def test_old_python_is_told_in_one_sentence() -> None:
    code = "import sys; sys.version_info = (3, 10, 4); import environment"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True
    )
    assert run.returncode == 1
    assert run.stderr.startswith("Llama Chat needs Python 3.11 or newer")


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="the commands are Debian's")


@needs_linux
def test_missing_library_prints_the_one_command(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    system = environment.system
    monkeypatch.setattr(system.shutil, "which", lambda tool: f"/usr/bin/{tool}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit):
        system.require_libraries((system.Library(GHOST, "libghost9"),))
    said = capsys.readouterr()
    assert GHOST in said.out
    assert "sudo apt-get install --yes --no-install-recommends libghost9" in said.err


@needs_linux
def test_root_on_debian_gets_it_installed(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = environment.system
    asked: list[list[str]] = []
    present: set[str] = set()

    def apt(command: list[str], **_: object) -> int:
        asked.append(command)
        present.add(GHOST)
        return 0

    monkeypatch.setattr(system.shutil, "which", lambda tool: f"/usr/bin/{tool}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(system.subprocess, "call", apt)
    monkeypatch.setattr(system, "_loads", present.__contains__)
    system.require_libraries((system.Library(GHOST, "libghost9"),))
    assert [command[-1] for command in asked] == ["libghost9"]


@needs_linux
def test_missing_compiler_is_named(
    environment: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(SystemExit):
        environment.system.require_compiler()
    assert "No working C++ compiler was found." in capsys.readouterr().out
