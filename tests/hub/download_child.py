"""Goes on with the downloads of a store until none is left; the kill -9 tests run it."""

import sys
import threading
from pathlib import Path

from app.core.downloads import DownloadEvent
from app.hub.downloads import Downloads
from tests.hub.file_store import FileStore

if __name__ == "__main__":
    done = threading.Event()

    def sink(event: DownloadEvent) -> None:
        download = getattr(event, "download", None)
        if download and download.state in ("done", "failed"):
            done.set()

    downloads = Downloads(Path(sys.argv[1]), FileStore(Path(sys.argv[2])))
    downloads.subscribe(sink)
    downloads.go_on()
    done.wait()
    downloads.close()
