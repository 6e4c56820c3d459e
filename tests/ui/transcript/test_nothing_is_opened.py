"""The system's own record: no text makes the window open a file or a connection it names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

ROOT = Path(__file__).parents[3]
CORPUS = 1_000
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    picture.fill(0xFFFF0000)
    path = tmp_path / "canary.png"
    assert picture.save(str(path))
    return path


def traced(canary: Path, *arguments: str) -> tuple[str, str]:
    """What was printed, and every opened file and connection."""
    record = canary.with_name("strace.txt")
    command = [sys.executable, "-m", "tests.ui.transcript.render_corpus"]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=open,openat,connect", "-o", record, *command,
         arguments[0], str(canary), *arguments[1:]],
        env=os.environ | {"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=880,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, record.read_text("utf-8", "replace")


def test_a_thousand_hostile_texts_open_nothing_they_name(canary: Path) -> None:
    said, record = traced(canary, str(CORPUS))
    assert f"shown {CORPUS}" in said
    assert "openat" in record
    assert [line for line in record.splitlines() if "canary" in line] == []
    connected = [line for line in record.splitlines() if "AF_INET" in line and "connect(" in line]
    assert connected == []


def test_the_record_would_show_it(canary: Path) -> None:
    _, record = traced(canary, "0", "--control")
    assert any("canary" in line for line in record.splitlines())
