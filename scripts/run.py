"""Opens Llama Chat, setting it up first where that is still to do: `python3 scripts/run.py`."""

import subprocess
import sys
from pathlib import Path

import environment
import system

EMBEDDER = Path(__file__).with_name("make_embedder.py")


def main() -> int:
    python = environment.prepare(environment.RUNTIME, system.QT_LIBRARIES + system.X11_LIBRARIES)
    # Beside the window, not before it: search by meaning is no part of a first chat.
    embedder = subprocess.Popen([python, EMBEDDER, "--once"])
    try:
        return environment.run(python, ["-m", "app", *sys.argv[1:]])
    finally:
        embedder.terminate()
        embedder.wait()


if __name__ == "__main__":
    sys.exit(main())
