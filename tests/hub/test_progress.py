"""How far a download is and how fast, and how often that is told."""

from app.core.downloads import Download, DownloadId, DownloadState, RemoteFile
from app.hub.progress import Arrived, Progress

FILE = RemoteFile("http://x/a", 1000, sha256="a" * 64)
DOWNLOAD = Download(DownloadId("d"), "o/r", "a", (("a", FILE), ("b", FILE)), state="running")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_at_most_ten_times_a_second_but_reasons_at_once() -> None:
    clock, posted = Clock(), list[DownloadState]()
    progress = Progress(DOWNLOAD, posted.append, clock)
    for step in range(1000):
        clock.now = 100 + step / 500
        progress.arrived(Arrived(step, 1000))
    assert 15 <= len(posted) <= 20
    progress.arrived(Arrived(1000, 1000, "the server is busy (503)"))
    assert posted[-1].reason == "the server is busy (503)"


def test_the_speed_and_the_time_left_count_all_files() -> None:
    clock, posted = Clock(), list[DownloadState]()
    progress = Progress(DOWNLOAD, posted.append, clock)
    progress.arrived(Arrived(0, 1000))
    assert posted[-1].seconds_left is None
    progress.finish(FILE)
    for received in (0, 100, 200):
        clock.now += 1
        progress.arrived(Arrived(received, 1000))
    assert posted[-1].received == 1200
    assert posted[-1].bytes_per_s == 100
    assert posted[-1].seconds_left == 8


def test_what_comes_again_is_not_speed() -> None:
    clock, posted = Clock(), list[DownloadState]()
    progress = Progress(DOWNLOAD, posted.append, clock)
    for received in (0, 500, 100, 200):
        clock.now += 1
        progress.arrived(Arrived(received, 1000))
    assert posted[-1].bytes_per_s == 100
