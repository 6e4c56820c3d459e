"""Runs every case of the window's benchmark in a process of its own, and sets them in relation."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from app.core.errors import KnownError

SIZES = (200, 2_000)
Figures = dict[str, float]
Report = dict[str, Figures]


def measure_all() -> Report:
    """Ours, plain Qt's, and how many times cheaper ours is."""
    report: Report = {}
    for size in SIZES:
        ours, peer = (_in_own_process(kind, str(size)) for kind in ("ours", "browsers"))
        report |= {f"{size:,} messages": ours, f"{size:,} messages, QTextBrowsers": peer}
        report[f"{size:,} messages, times cheaper"] = {
            name: peer[name] / ours[name] for name in ours if name in peer and ours[name]
        }
    with tempfile.TemporaryDirectory() as folder:
        _in_own_process("fill", folder)
        started, bare = _in_own_process("start", folder), _in_own_process("bare")
    report |= {"start with 10,000 chats": started, "start of a bare window": bare}
    report["start, times a bare window"] = {name: started[name] / bare[name] for name in bare}
    return report


def measure_one(kind: str, argument: str) -> Figures:
    """In this process, which has done nothing before."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from app.ui.bench import starting

    match kind:
        case "bare":
            return starting.bare()
        case "start":
            return starting.ours(Path(argument))
        case "fill":
            starting.fill(Path(argument))
            return {}
        case _:
            return _rendering(kind, int(argument))


def _rendering(kind: str, count: int) -> Figures:
    from app.ui.bench.rendering import Ours, Peer, measure
    from app.ui.window import application

    application()
    case = Ours() if kind == "ours" else Peer()
    return measure(case, count, streaming=count == min(SIZES))


def _in_own_process(kind: str, argument: str = "") -> Figures:
    command = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "app"]
    command += ["bench", "ui", "--case", kind, "--argument", argument]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no word"]
        raise KnownError(f"The case {kind} {argument} failed: {last[0]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def lines(report: Report) -> list[str]:
    found: list[str] = []
    for case, figures in report.items():
        found.append(case)
        found += [f"  {name:26} {value:10,.2f}" for name, value in figures.items()]
    return found
