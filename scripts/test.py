"""Runs all tests, setting up first: `python3 scripts/test.py [--slow] [pytest arguments]`."""

import sys

import environment
import system

if __name__ == "__main__":
    python = environment.prepare(environment.DEV, system.QT_LIBRARIES)
    sys.exit(environment.run(python, ["-m", "pytest", *sys.argv[1:]], cwd=environment.ROOT))
