"""What helps to understand a problem, as text people can read before they send it.

Any thread; reads the end of the log. Always true: no word of any chat, no prompt and no key is
in it, and folders are named from the home folder on.
"""

import platform
import sys
from importlib import metadata
from pathlib import Path

import msgspec

from app import __version__
from app.bootstrap.rooms import Rooms
from app.core.settings import Settings

_SHOWN = (
    "PySide6-Essentials", "llama-cpp-python", "huggingface_hub", "apsw", "msgspec",
    "markdown-it-py", "pygments", "ziamath", "numpy",
)  # fmt: skip
_LOG_LINES = 60


def versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _SHOWN:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # a bundle may leave the notes of a package out
    return {"llama-chat": __version__} | found | {"Python": platform.python_version()}


def diagnostics(rooms: Rooms) -> str:
    state = rooms.pool.state
    parts = [
        "# Llama Chat diagnostics",
        *(f"{name} {version}" for name, version in versions().items()),
        f"{platform.platform()} ({platform.machine()}), {'bundled' if _is_bundled() else 'source'}",
        "",
        "## Devices",
        *(
            f"{device.name}: {device.description}, {device.free_bytes >> 20:,} of "
            f"{device.total_bytes >> 20:,} MiB free"
            for device in rooms.pool.devices
        ),
        f"Free memory: {state.free_ram_bytes >> 20:,} MiB",
        "",
        "## Engines",
        *(
            f"{worker.worker}: {Path(worker.model).name} {worker.phase}, "
            f"{worker.crashes} crashes, {worker.tokens_per_second:.1f} tokens/s"
            for worker in state.workers
        ),
        "",
        "## Settings that are not the usual ones",
        msgspec.json.format(msgspec.json.encode(_without_words(rooms.settings.value))).decode(),
        "",
        "## The end of the log",
        *_last_lines(rooms.folders.log),
    ]
    return "\n".join(parts).replace(str(Path.home()), "~")


def _without_words(settings: Settings) -> Settings:
    wind = msgspec.structs.replace(settings.wind, instructions="")
    return msgspec.structs.replace(settings, wind=wind)


def _last_lines(log: Path) -> list[str]:
    try:
        return log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]
    except OSError:
        return ["there is none"]


def _is_bundled() -> bool:
    return bool(getattr(sys, "frozen", False))
