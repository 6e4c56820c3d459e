"""What helps to understand a problem, as text people can read before they send it.

Any thread; blocks for what a check-up takes, and reads the end of the log. Always true: no word
of any chat, no prompt and no key is in it, and folders are named from the home folder on.
"""

from pathlib import Path

import msgspec

from app.bootstrap.checkup import Checkup, check_up
from app.bootstrap.rooms import Rooms
from app.core.lines import columns, in_words
from app.core.settings import Settings
from app.storage.state import DatabaseState

_LOG_LINES = 60


def diagnostics(rooms: Rooms) -> str:
    """What `doctor` says, and what only a running window knows."""
    state, checkup = rooms.pool.state, check_up(rooms.folders)
    parts = [
        "# Llama Chat diagnostics",
        *(f"Problem: {problem}" for problem in checkup.problems),
        *lines(checkup),
        "",
        "## Engines",
        f"Free memory: {in_words(state.free_ram_bytes)}",
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
    return at_home("\n".join(parts))


def lines(checkup: Checkup) -> list[str]:
    sections = {
        "Versions": [*columns(list(checkup.versions.items())), checkup.system],
        "Devices": _devices(checkup),
        "Engine builds": _builds(checkup),
        "Folders": _folders(checkup),
        "Chats": _database(checkup.database),
        "Settings": [
            *(f"{problem.where}: {problem.reason}" for problem in checkup.settings_refused)
        ]
        or ["None was refused."],
        "Models": _models(checkup),
        "Memory estimates": _estimates(checkup),
    }
    return [line for title, told in sections.items() for line in ("", f"## {title}", *told)]


def at_home(text: str) -> str:
    """Without the name of the user; some have no home but the root of the disk."""
    home = Path.home()
    return text if home == home.parent else text.replace(str(home), "~")


def _devices(checkup: Checkup) -> list[str]:
    rows = [
        (
            device.name,
            device.description.strip(),
            f"{in_words(device.free_bytes)} free of {in_words(device.total_bytes)}",
        )
        for device in checkup.devices
    ]
    return columns(rows) or ["No engine could say."]


def _builds(checkup: Checkup) -> list[str]:
    own = ("built-in", "", "" if checkup.build_used else "in use", "")
    rows = [
        (build.name, in_words(build.size), "in use" if build.used else "", build.problem)
        for build in checkup.builds
    ]
    refused = [checkup.build_refused] if checkup.build_refused else []
    return [*columns([own, *rows], right=(1,)), *refused]


def _folders(checkup: Checkup) -> list[str]:
    rows = [
        (
            folder.name,
            in_words(folder.used_bytes),
            f"{in_words(folder.free_bytes)} free",
            str(folder.path),
        )
        for folder in checkup.folders
    ]
    return columns(rows, right=(1, 2))


def _database(state: DatabaseState) -> list[str]:
    if not state.readable:
        return [state.problem or state.note]
    schema = f"Schema {state.schema} of {state.latest_schema}, opens read-only"
    told = [
        f"{schema}, {in_words(state.bytes)}, {state.backups:,} backups",
        f"{state.chats:,} chats with {state.messages:,} messages",
    ]
    return [*told, *filter(None, (state.note, state.problem))]


def _models(checkup: Checkup) -> list[str]:
    broken = [f"{one.path}: {one.reason}" for one in checkup.models_broken]
    return [f"{checkup.models:,} found, {len(broken):,} broken", *broken]


def _estimates(checkup: Checkup) -> list[str]:
    if not checkup.estimates:
        return ["No load was measured yet: it takes a model of 256 MiB or more."]
    head = ("model", "chat", "GPU layers", "estimated", "taken", "error")
    rows = [
        (
            one.model,
            f"{one.chat_ctx:,}",
            str(one.gpu_layers),
            in_words(one.estimated_bytes),
            in_words(one.measured_bytes),
            f"{one.error:+.1%}",
        )
        for one in checkup.estimates
    ]
    report = checkup.estimates_report
    total = (
        f"Of {report.loads:,} measured, half are off by {report.median_error:.1%} or less, none by "
        f"more than {report.worst_error:.1%}; later estimates are raised by "
        f"{report.correction - 1:.1%}"
    )
    return [*columns([head, *rows], right=(1, 2, 3, 4, 5)), total]


def _without_words(settings: Settings) -> Settings:
    wind = msgspec.structs.replace(settings.wind, instructions="")
    return msgspec.structs.replace(settings, wind=wind)


def _last_lines(log: Path) -> list[str]:
    try:
        return log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]
    except OSError:
        return ["there is none"]
