"""Makes the checkout's `.venv` from the pins, or says in one sentence what is missing.

Runs on the user's bare Python, so it imports the standard library alone. The stamp is written
last: a set-up that was interrupted has none and starts afresh from pip's cache.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - older ones do run this line
    sys.exit(f"Llama Chat needs Python 3.11 or newer; this is {sys.version.split()[0]}.")

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import time
import tomllib
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import system

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PINS = ROOT / "scripts" / "pins"
RUNTIME = ("runtime.txt",)
DEV = ("runtime.txt", "dev.txt")

ENGINE = "llama_cpp_python"
PREBUILT_ENGINES = "https://abetlen.github.io/llama-cpp-python/whl/"
REACH_TIMEOUT_S = 3

HEARTBEAT_S = 10.0
STAMP = VENV / "llama-chat.stamp"
LOG = VENV / "setup.log"


def prepare(pins: tuple[str, ...], libraries: tuple[system.Library, ...] = ()) -> Path:
    """The Python that has everything in `pins` installed; made first where there is none."""
    system.require_libraries(libraries)
    if _is_equipped(pins):
        return Path(sys.executable)
    python = _python_of(VENV)
    if not _is_stamped(pins):
        started = time.monotonic()
        _set_up(python, pins)
        say(f"Ready after {_clock(time.monotonic() - started)}.")
    return python


def run(python: Path, arguments: Sequence[str], cwd: Path | None = None) -> int:
    """Runs our Python in the foreground; its Ctrl-C is its own."""
    search_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": search_path}
    process = subprocess.Popen([python, *arguments], cwd=cwd, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def say(text: str) -> None:
    print(text, flush=True)


def _is_equipped(pins: tuple[str, ...]) -> bool:
    """Inside a virtual environment that already holds every pin there is nothing to make."""
    if sys.prefix == sys.base_prefix:
        return False
    try:
        return all(
            importlib.metadata.version(name) == version for name, version in _here(read_pins(pins))
        )
    except importlib.metadata.PackageNotFoundError:
        return False


def read_pins(pins: tuple[str, ...]) -> list[str]:
    lines = [line.strip() for file in pins for line in (PINS / file).read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _here(requirements: list[str]) -> Iterator[tuple[str, str]]:
    """Name and version of those meant for this system; the only marker we use is Windows."""
    for requirement in requirements:
        pin, _, marker = requirement.partition(";")
        if not marker or sys.platform == "win32":
            name, _, version = pin.strip().partition("==")
            yield name, version


def _python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _is_stamped(pins: tuple[str, ...]) -> bool:
    if not _python_of(VENV).exists() or not STAMP.exists():
        return False
    return _stamp(pins) in STAMP.read_text().splitlines()


def _stamp(pins: tuple[str, ...]) -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    facts = repr((sys.version, str(ROOT), read_pins(pins), project))
    return hashlib.sha256(facts.encode()).hexdigest()


def _set_up(python: Path, pins: tuple[str, ...]) -> None:
    say(f"Setting up {VENV.name} with Python {platform.python_version()} (this happens once).")
    if not _is_reusable():
        _make_venv()
    STAMP.unlink(missing_ok=True)
    LOG.write_text("")
    quick = [pin for pin in read_pins(pins) if not pin.startswith(ENGINE)]
    with _step(f"Installing {len(quick)} pinned packages"):
        # Python compiles what it imports, when it imports it: the rest need not wait for that.
        _pip(python, "install", "--no-deps", "--no-compile", *quick)
    _install_engine(python, next(pin for pin in read_pins(pins) if pin.startswith(ENGINE)))
    with _step("Installing Llama Chat itself, as a link to this folder"):
        _pip(python, "install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        _pip(python, "check")
    STAMP.write_text("\n".join(_stamp(DEV[:count]) for count in range(1, len(pins) + 1)))


def _is_reusable() -> bool:
    """A finished set-up of this Python in this folder is brought up to date; no other is."""
    if not STAMP.exists() or not _python_of(VENV).exists():
        return False
    settings = (VENV / "pyvenv.cfg").read_text()
    return platform.python_version() in settings and str(VENV) in settings


def _make_venv() -> None:
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        system.require_venv()
    with _step("Creating the virtual environment"):
        if VENV.exists():
            shutil.rmtree(VENV)
        made = subprocess.run(
            [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
        )
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        stop(f"Python could not create {VENV}:\n{made.stdout}{made.stderr}")


def _install_engine(python: Path, pin: str) -> None:
    if _has_engine(python, pin):
        return
    index = PREBUILT_ENGINES + ("metal" if sys.platform == "darwin" else "cpu")
    if _is_reachable(index):
        with _step("Looking for a prebuilt llama-cpp-python"):
            _try_pip(
                python, "install", "--no-deps", "--only-binary=:all:", "--index-url", index, pin
            )
        # A wheel made for another C library or processor installs well and fails to load.
        if _has_engine(python, pin):
            return
        say("  none that works here.")
        _try_pip(python, "uninstall", "--yes", ENGINE)
    system.require_compiler()
    with _step("Installing llama-cpp-python (compiling takes 3 to 10 minutes, once a machine)"):
        _pip(python, "install", "--no-deps", pin)
    if not _has_engine(python, pin):
        stop(f"llama-cpp-python was installed but does not load; see {LOG}.")


def _has_engine(python: Path, pin: str) -> bool:
    code = (
        "import importlib.metadata as m, sys; "
        "m.version(sys.argv[1]) == sys.argv[2] or sys.exit(1); import llama_cpp"
    )
    name, _, version = pin.partition("==")
    loads = subprocess.run([python, "-c", code, name, version], capture_output=True, check=False)
    return loads.returncode == 0


def _is_reachable(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/", timeout=REACH_TIMEOUT_S):
            return True
    except (OSError, ValueError):
        return False


def _pip(python: Path, *arguments: str) -> None:
    if _try_pip(python, *arguments):
        tail = "\n".join(LOG.read_text(errors="replace").splitlines()[-25:])
        stop(f"pip {arguments[0]} failed. The end of {LOG}:\n{tail}")


def _try_pip(python: Path, *arguments: str) -> int:
    """pip writes to the log; we say that it is alive, as a moving clock or a line now and then."""
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_USER": "0"}
    started = time.monotonic()
    with LOG.open("a") as log:
        command = [python, "-m", "pip", *arguments]
        pip = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            while True:
                try:
                    return pip.wait(timeout=1.0 if sys.stdout.isatty() else HEARTBEAT_S)
                except subprocess.TimeoutExpired:
                    _heartbeat(time.monotonic() - started)
        except KeyboardInterrupt:
            pip.wait()
            stop("\nStopped. The same command goes on from here.", 130)


def _heartbeat(elapsed_s: float) -> None:
    if sys.stdout.isatty():
        print(f"\r  {_clock(elapsed_s)} ...", end="\r", flush=True)
    else:
        say(f"  still working, {_clock(elapsed_s)} ...")


@contextmanager
def _step(what: str) -> Iterator[None]:
    say(f"- {what} ...")
    started = time.monotonic()
    yield
    say(f"  done in {_clock(time.monotonic() - started)}.")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def stop(reason: str, code: int = 1) -> NoReturn:
    print(reason, file=sys.stderr, flush=True)
    sys.exit(code)
