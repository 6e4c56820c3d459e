"""Files that only the hub library can fetch (Xet storage): by it, in a child, verified by us.

Blocks on the thread that transfers. Always true: what the library brings lies apart until its
hash is right, and the child ends with the call.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote

import msgspec

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub.control import Control
from app.hub.part import sync_folder, xet_folder
from app.hub.progress import Arrived
from app.hub.verify import is_right
from app.hub.xet_child import ARGUMENT, Answer, Question

_LOOK_S = 0.2
_URL = re.compile(r"(https?://.+?)/([^/]+/[^/]+)/resolve/([^/]+)/([^?]+)")


def fetch_by_library(
    file: RemoteFile,
    target: Path,
    token: str,
    control: Control,
    report: Callable[[Arrived], None],
    command: Sequence[str] | None = None,
) -> None:
    folder = xet_folder(target, file)
    parts = _URL.match(file.url)
    if parts is None:
        raise HubError("The hub does not have this file any more.")
    endpoint, repository, revision, path = (unquote(part) for part in parts.groups())
    question = Question(endpoint, repository, revision, path, token, str(folder))
    try:
        answer = _ask(
            command or _command(), question, control, lambda: report(_so_far(file, folder))
        )
        if answer.trouble:
            raise HubError(
                f"The hub's own way to send this file failed ({answer.trouble}). Try again later."
            )
        report(Arrived(file.size, file.size, "checking what arrived"))
        if not is_right(Path(answer.path), file, control.check):
            raise HubError("The file arrived damaged. Try again later.")
        with Path(answer.path).open("r+b") as arrived:
            os.fsync(arrived.fileno())
        Path(answer.path).replace(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ask(
    command: Sequence[str], question: Question, control: Control, look: Callable[[], None]
) -> Answer:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(question))
            process.stdin.close()
            while process.poll() is None:
                control.sleep(_LOOK_S)
                look()
            return msgspec.json.decode(process.stdout.read(), type=Answer)
        except (BrokenPipeError, msgspec.DecodeError):
            return Answer(trouble="its process died")
        finally:
            process.kill()


def _so_far(file: RemoteFile, folder: Path) -> Arrived:
    total = 0
    with contextlib.suppress(OSError):  # the library renames and deletes while this looks
        total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Arrived(min(total, file.size), file.size)


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, ARGUMENT]
    return [sys.executable, "-m", "app", ARGUMENT]


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    return os.environ | {"PYTHONPATH": path}
