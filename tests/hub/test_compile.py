"""Compiling a build here: with compilers that are scripts, followed, failed and stopped."""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.core.errors import HubError, InvalidRequest
from app.hub.control import Control, Stopped
from app.hub.runtime_builds import BUILDS, bindings_version
from app.hub.runtime_compile import Told, compile_build
from app.hub.runtimes import INCOMING, Runtimes
from tests.hub.wheel_index import make_wheel, wheel_name

CUDA = BUILDS["cuda12"]
Script = Callable[[str], tuple[str, str]]


@pytest.fixture
def runtimes(tmp_path: Path) -> Runtimes:
    return Runtimes(tmp_path / "runtimes")


@pytest.fixture
def compiler(tmp_path: Path) -> Script:
    """What stands in for pip; its last argument is the folder for the wheel."""

    def command(code: str) -> tuple[str, str]:
        script = tmp_path / "compiler.py"
        script.write_text(code)
        return sys.executable, str(script)

    return command


def makes_a_wheel(tmp_path: Path) -> str:
    made = tmp_path / "made.whl"
    made.write_bytes(make_wheel())
    return (
        "import os, shutil, sys\n"
        "assert '-DGGML_CUDA=ON' in os.environ['CMAKE_ARGS']\n"
        "print('Building wheels')\n"
        "print('[1/4] Building CXX object a.o')\n"
        "print('[4/4] Linking CXX shared library')\n"
        f"shutil.copy({str(made)!r}, os.path.join(sys.argv[1], {wheel_name()!r}))\n"
    )


def leaves_nothing(runtimes: Runtimes) -> bool:
    return not any((runtimes.folder / INCOMING).iterdir())


def test_a_build_is_made_and_followed_line_by_line(
    runtimes: Runtimes, compiler: Script, tmp_path: Path
) -> None:
    told: list[Told] = []
    command = compiler(makes_a_wheel(tmp_path))
    name = compile_build(runtimes, CUDA, command=command, tell=told.append)
    assert name == f"cuda12-{bindings_version()}-local"
    assert runtimes.installed()[0].source == "compiled here"
    assert told == [
        Told("Building wheels"),
        Told("[1/4] Building CXX object a.o", 1, 4),
        Told("[4/4] Linking CXX shared library", 4, 4),
    ]
    assert leaves_nothing(runtimes)


def test_make_says_percent(runtimes: Runtimes, compiler: Script) -> None:
    told: list[Told] = []
    with pytest.raises(HubError, match="left no build"):
        compile_build(runtimes, CUDA, command=compiler("print('[ 37%] x')"), tell=told.append)
    assert told == [Told("[ 37%] x", 37, 100)]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (["CMake Error: CUDA was not found"], "CMake Error: CUDA was not found"),
        (
            [
                "-- Looking for errors.h",
                "CMake Error at CMakeLists.txt:12 (find_package):",
                "  Could not find nvcc.",
                "CMake Error: CMAKE_CUDA_COMPILER not set",
                "error: subprocess-exited-with-error",
                "ERROR: Failed building wheel for llama-cpp-python",
                "ERROR: Failed to build one or more wheels",
            ],
            "CMake Error at CMakeLists.txt:12 (find_package): Could not find nvcc.",
        ),
        (["error: subprocess-exited-with-error", "nvcc fatal: no GPU"], "nvcc fatal: no GPU"),
        (["a.cpp:3:1: error: no member", "b.cpp:1:1: error: later"], "a.cpp:3:1: error: no member"),
        (["python: No module named pip"], "python: No module named pip"),
        ([], "the compiler said nothing."),
    ],
)
def test_why_it_failed_is_the_first_complaint(
    runtimes: Runtimes, compiler: Script, said: list[str], reason: str
) -> None:
    code = f"import sys\nfor line in {said!r}: print(line)\nsys.exit(1)\n"
    with pytest.raises(HubError) as caught:
        compile_build(runtimes, CUDA, command=compiler(code))
    assert caught.value.message == f"It could not be compiled: {reason}"
    assert leaves_nothing(runtimes)


_ENDLESS = """
import subprocess, sys, time
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(inner.pid, flush=True)
time.sleep(600)
"""


def test_it_stops_at_once_with_all_it_started(runtimes: Runtimes, compiler: Script) -> None:
    control, pids = Control(), list[int]()

    def tell(told: Told) -> None:
        pids.append(int(told.line))
        control.stop()

    began = time.monotonic()
    with pytest.raises(Stopped):
        compile_build(runtimes, CUDA, command=compiler(_ENDLESS), control=control, tell=tell)
    assert time.monotonic() - began < 20
    assert gone(pids[0])
    assert leaves_nothing(runtimes)


def gone(pid: int) -> bool:
    """Dead, though whoever inherited it may not have asked yet how it ended."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_one_that_takes_too_long_is_stopped(runtimes: Runtimes, compiler: Script) -> None:
    with pytest.raises(HubError, match="took too long"):
        compile_build(runtimes, CUDA, command=compiler(_ENDLESS), patience_s=0.3)
    assert leaves_nothing(runtimes)


def test_the_bundle_says_that_it_cannot(
    runtimes: Runtimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(InvalidRequest, match="finished build"):
        compile_build(runtimes, CUDA)


def test_no_thread_and_no_pipe_is_left(runtimes: Runtimes, compiler: Script) -> None:
    before = {thread.name for thread in threading.enumerate()}
    open_files = psutil.Process(os.getpid()).num_fds() if os.name == "posix" else 0
    with pytest.raises(HubError):
        compile_build(runtimes, CUDA, command=compiler("import sys; sys.exit(3)"))
    assert {thread.name for thread in threading.enumerate()} <= before
    if os.name == "posix":
        assert psutil.Process(os.getpid()).num_fds() <= open_files
