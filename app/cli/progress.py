"""How far a long command is, on stderr: a bar on a terminal, otherwise a line now and then."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_EVERY_S = 10.0
_STEP = 0.1


class Meter:
    """Of bytes, or of steps that take about as long as one another."""

    def __init__(self, title: str, *, steps: bool = False) -> None:
        self._title = title
        self._steps = steps
        self._bar: Progress | None = None
        if sys.stderr.isatty():
            in_bytes = (DownloadColumn(), TransferSpeedColumn())
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                *((MofNCompleteColumn(),) if steps else in_bytes),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
        self._task = self._bar.add_task(title, total=None) if self._bar else None
        self._told, self._told_at = -1.0, 0.0
        self._note = ""

    def __enter__(self) -> "Meter":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, done: int, total: int, note: str = "") -> None:
        if self._bar and self._task is not None:
            title = f"{self._title} ({note})" if note else self._title
            self._bar.update(self._task, completed=done, total=total, description=title)
            return
        share, now = done / max(1, total), time.monotonic()
        late = now - self._told_at > _EVERY_S and share > self._told
        if share - self._told >= _STEP or late or note != self._note:
            self._told, self._told_at = share, now
            self._note = note
            counted = f"{done} of {total}" if self._steps else _megabytes(done, total)
            line = f"{self._title}: {counted} ({share:.0%}) {note}"
            print(line.rstrip(), file=sys.stderr, flush=True)


def _megabytes(done: int, total: int) -> str:
    return f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
