"""How this installation is, as a value: for `doctor`, and for the diagnostics of the window.

Blocks on the disk and on an engine process; any thread. Always true: a part that cannot be looked
at is a sentence among the problems, never an exception, and no word of any chat is in it.
"""

import contextlib
import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

import msgspec

from app import __version__
from app.bootstrap.models import model_places
from app.bootstrap.runtimes import runtime_launch
from app.core.calibration import MeasuredLoad, Report, report
from app.core.errors import KnownError
from app.core.paths import Folders
from app.core.protocol import Device, Hello
from app.core.settings import Settings
from app.hub.models import Broken
from app.hub.names import read_name
from app.hub.runtimes import Runtime, Runtimes
from app.hub.scan_cache import scan_again
from app.storage.measured_file import MeasuredFile
from app.storage.settings_file import Problem, SettingsFile, set_aside
from app.storage.state import DatabaseState, look, sqlite_version
from app.workers.greeting import greet

_SHOWN = {
    "PySide6-Essentials": "Qt (PySide6)",
    "llama-cpp-python": "llama-cpp-python",
    "huggingface_hub": "huggingface_hub",
    "apsw": "apsw",
    "msgspec": "msgspec",
    "markdown-it-py": "markdown-it-py",
    "pygments": "pygments",
    "ziamath": "ziamath",
    "numpy": "numpy",
}


class Folder(msgspec.Struct, frozen=True):
    name: str
    path: Path
    used_bytes: int
    free_bytes: int  # of its disk


class Estimate(msgspec.Struct, frozen=True):
    """What a load was said to take, and what it took."""

    model: str
    chat_ctx: int
    gpu_layers: int
    estimated_bytes: int
    measured_bytes: int
    error: float  # 0.1: it took a tenth more than was said


class Checkup(msgspec.Struct, frozen=True):
    versions: dict[str, str]
    system: str
    devices: tuple[Device, ...]
    builds: tuple[Runtime, ...]
    build_used: str  # empty: the app's own
    build_refused: str
    folders: tuple[Folder, ...]
    database: DatabaseState
    settings_refused: tuple[Problem, ...]
    models: int
    models_broken: tuple[Broken, ...]
    estimates: tuple[Estimate, ...]
    estimates_report: Report
    problems: tuple[str, ...]  # what is truly wrong, a sentence each


def versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, title in _SHOWN.items():
        try:
            found[title] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # a bundle may leave the notes of a package out
    ours = {"llama-chat": __version__, "Python": platform.python_version()}
    return ours | found | {"SQLite": sqlite_version()}


def check_up(folders: Folders) -> Checkup:
    problems: list[str] = []
    try:
        file = SettingsFile(folders.settings)
        settings, refused = file.value, file.problems
    except KnownError as error:
        settings, refused = Settings(), ()
        problems.append(error.message)
    runtimes = Runtimes(folders.runtimes)
    hello = _greet(runtimes, problems)
    active = runtimes.active()  # asked after the engine has had its say
    database = look(folders.database)
    if database.problem:
        problems.append(database.problem)
    library = scan_again(model_places(settings, folders), folders.scanned)
    loads = MeasuredFile(folders.measured_loads).load()
    told = " ".join(problem.reason for problem in refused)
    older = [kept for kept in set_aside(folders.settings) if Path(kept.where).name not in told]
    return Checkup(
        versions=versions() | _of_engine(hello),
        system=_system(),
        devices=hello.devices if hello else (),
        builds=tuple(runtimes.installed()),
        build_used=active.name,
        build_refused=active.refused,
        folders=tuple(_folders(settings, folders)),
        database=database,
        settings_refused=(*refused, *older),
        models=len(library.models),
        models_broken=library.broken,
        estimates=tuple(map(_estimate, loads)),
        estimates_report=report(loads),
        problems=tuple(problems),
    )


def _greet(runtimes: Runtimes, problems: list[str]) -> Hello | None:
    """An engine's own word, started as one that chats would be."""
    try:
        return greet(runtime_launch(runtimes))
    except KnownError as error:
        problems.append(error.message)
        return None


def _estimate(load: MeasuredLoad) -> Estimate:
    name = read_name(Path(load.path).name)
    return Estimate(
        model=f"{name.title} {name.quantization}".strip(),
        chat_ctx=load.chat_ctx,
        gpu_layers=load.gpu_layers,
        estimated_bytes=load.estimated_bytes,
        measured_bytes=load.measured_bytes,
        error=load.ratio - 1,
    )


def _of_engine(hello: Hello | None) -> dict[str, str]:
    if hello is None:
        return {}
    return {"llama.cpp": hello.versions.get("llama.cpp", ""), "built for": _features(hello)}


def _features(hello: Hello) -> str:
    """`CPU : AVX2 = 1 | AVX512 = 1 | …`: what it can do, without the ones."""
    return hello.versions.get("system", "").replace(" = 1", "").strip(" |")


def _system() -> str:
    kind = "bundled" if getattr(sys, "frozen", False) else "source"
    return f"{platform.platform()} ({platform.machine()}), {kind}"


def _folders(settings: Settings, folders: Folders) -> list[Folder]:
    named = {
        "chats": folders.data,
        "settings": folders.config,
        "cache": folders.cache,
        "logs": folders.logs,
        "models": settings.models_folder(folders.models),
    }
    return [Folder(name, path, _used(path), _free(path)) for name, path in named.items()]


def _used(folder: Path) -> int:
    """What its files take, each once; links lead to what lies elsewhere."""
    sizes: dict[tuple[int, int], int] = {}
    for path, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):  # it went meanwhile
                status = os.lstat(os.path.join(path, name))  # noqa: PTH118 - many files
                sizes[status.st_dev, status.st_ino] = status.st_size
    return sum(sizes.values())


def _free(folder: Path) -> int:
    """Of the disk it lies on, or would."""
    for path in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(path).free
    return 0
