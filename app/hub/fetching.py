"""Fetches one model: all of its files that are not here and right already.

Blocks until the end; apart from the queue, which the window holds from its start, because the
network's libraries are slow to import.
"""

from collections.abc import Callable
from pathlib import Path

import httpx2

from app.core.downloads import Download, DownloadState
from app.hub.control import Control, Throttle
from app.hub.part import Part
from app.hub.patience import Patience
from app.hub.progress import Progress
from app.hub.safe_path import place
from app.hub.transfer import check_space, disk_errors, fetch
from app.hub.verify import is_right


def fetch_model(
    download: Download,
    folder: Path,
    *,
    token: str,
    control: Control,
    throttle: Throttle,
    patience: Patience,
    show: Callable[[DownloadState], None],
) -> None:
    progress = Progress(download, show)
    targets = [(place(folder, download.repository, path), file) for path, file in download.files]
    with disk_errors(), httpx2.Client() as client:  # through the proxies of the environment
        missing = sum(file.size for target, file in targets if not target.exists())
        check_space(folder, missing - sum(Part(*target).received for target in targets))
        for target, file in targets:
            # A part that is here and whole, from an earlier run, is not fetched again.
            if not is_right(target, file, control.check):
                fetch(
                    client,
                    file,
                    target,
                    token=token,
                    control=control,
                    throttle=throttle,
                    patience=patience,
                    report=progress.arrived,
                )
            progress.finish(file)
