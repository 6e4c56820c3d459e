"""PySide6 6.12.0 on Python 3.10/3.11 loses one reference to `None` in every void Qt call."""

import subprocess
import sys

# Under the fault the process dies after some 5,300 calls.
MANY_VOID_CALLS = """
from PySide6.QtCore import QObject
o = QObject()
for _ in range(50_000):
    o.setObjectName("x")
print("survived")
"""


def test_void_qt_calls_keep_none_alive() -> None:
    run = subprocess.run(
        [sys.executable, "-c", MANY_VOID_CALLS], capture_output=True, text=True, timeout=50
    )
    assert (run.returncode, run.stdout.strip()) == (0, "survived"), run.stderr
