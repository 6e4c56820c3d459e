"""Opens Llama Chat, setting it up first where that is still to do: `python3 scripts/run.py`."""

import sys

import environment
import system

if __name__ == "__main__":
    python = environment.prepare(environment.RUNTIME, system.QT_LIBRARIES + system.X11_LIBRARIES)
    sys.exit(environment.run(python, ["-m", "app", *sys.argv[1:]]))
