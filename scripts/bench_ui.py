"""The transcript against plain Qt doing the same work, as ratios that other machines can repeat.

    python3 scripts/bench_ui.py [--json]

Every case runs in its own process, offscreen: memory is its own, nothing is warm. `peer` is one
QTextBrowser per message in a scroll area, `setMarkdown` and all; `bare` is an empty window. The
absolute figures belong to this machine, the ratios are what is kept. Milliseconds are processor
time of the main thread, so that a busy machine does not spoil them.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = (200, 2_000)
PAGES, RESIZES = 40, 6
WIDTH, HEIGHT = 1_000, 760
TOKENS_PER_S = 50
Figures = dict[str, float]


def messages(count: int) -> list[tuple[str, str]]:
    from scripts.sample_conversations import ATTENTION, RICH

    question = "And what about number {n}? Please explain with **code**."
    return [
        ("user", question.format(n=n))
        if n % 2 == 0
        else ("assistant", RICH if n % 8 == 1 else ATTENTION)
        for n in range(count)
    ]


def milliseconds(work: Callable[[], object]) -> float:
    start = time.thread_time()
    work()
    return (time.thread_time() - start) * 1_000


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, round(share * len(values)))]


def resident_mib() -> float:
    import psutil

    return psutil.Process().memory_info().rss / 2**20


class Ours:
    """Our widget through its own verbs."""

    def __init__(self) -> None:
        from app.ui.theme import LIGHT
        from app.ui.transcript import ItemId, MessageItem, Transcript

        self.view = Transcript(LIGHT)
        self._item = lambda n, role, text: MessageItem(id=ItemId(str(n)), role=role, text=text)

    def fill(self, count: int) -> None:
        self.view.set_items([self._item(n, *message) for n, message in enumerate(messages(count))])

    def begin(self) -> None:
        self.view.begin_stream(self._item("live", "assistant", ""))

    def token(self, text: str) -> None:
        self.view.append(text)
        self.view._repaint.flush()  # every token at once: the worst case, and the peer's only one

    def close(self) -> None:
        self.view.shutdown()


class Peer:
    """One QTextBrowser per message, as tall as its text."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt
        from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget  # noqa: TID251

        self.view = QScrollArea()
        self.view.setWidgetResizable(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self.view.setWidget(inside)
        self._live: object = None

    def _add(self, text: str) -> object:
        from PySide6.QtCore import Qt
        from PySide6.QtWidgets import QFrame, QTextBrowser  # noqa: TID251

        class Browser(QTextBrowser):
            def fit(self) -> None:
                self.document().setTextWidth(self.viewport().width())
                self.setFixedHeight(round(self.document().size().height()) + 4)

            def resizeEvent(self, event: object) -> None:
                super().resizeEvent(event)  # pyright: ignore
                self.fit()

        browser = Browser()
        browser.setFrameShape(QFrame.Shape.NoFrame)
        browser.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        browser.setMarkdown(text)
        self._column.addWidget(browser)
        browser.fit()
        return browser

    def fill(self, count: int) -> None:
        for _, text in messages(count):
            self._add(text)

    def begin(self) -> None:
        self._live, self._text = self._add(""), ""

    def token(self, text: str) -> None:
        self._text += text
        self._live.setMarkdown(self._text)  # pyright: ignore
        self._live.fit()  # pyright: ignore
        bar = self.view.verticalScrollBar()
        bar.setValue(bar.maximum())

    def close(self) -> None:
        pass


def measure(kind: str, count: int) -> Figures:
    from PySide6.QtWidgets import QApplication  # noqa: TID251

    app = QApplication([])
    before = resident_mib()
    case = Ours() if kind == "ours" else Peer()
    case.view.resize(WIDTH, HEIGHT)
    case.view.show()
    app.processEvents()

    def fill() -> None:
        case.fill(count)
        app.processEvents()

    figures: Figures = {"first_paint_ms": milliseconds(fill)}
    settle(app)
    figures["memory_mib"] = resident_mib() - before
    bar = case.view.verticalScrollBar()

    def page() -> None:
        bar.setValue(bar.value() - HEIGHT)
        app.processEvents()

    bar.setValue(bar.maximum())
    settle(app)
    pages: list[float] = []
    for _ in range(PAGES):
        pages.append(milliseconds(page))
        settle(app, 0.02)
    figures["page_p99_ms"] = quantile(pages, 0.99)

    def resized(width: int) -> Callable[[], None]:
        def step() -> None:
            case.view.resize(width, HEIGHT)
            app.processEvents()

        return step

    steps = [milliseconds(resized(WIDTH - 40 * (n + 1))) for n in range(RESIZES)]
    figures["resize_ms"] = quantile(steps, 0.5)
    if count == min(SIZES):
        figures |= stream(app, case)
    case.close()
    return figures


def stream(app: object, case: Ours | Peer) -> Figures:
    """An answer token by token: the cost of each, and the share of one core at a usual speed."""
    from scripts.sample_conversations import ATTENTION

    case.begin()
    tokens = [ATTENTION[at : at + 4] for at in range(0, len(ATTENTION), 4)]

    def step(token: str) -> Callable[[], None]:
        def work() -> None:
            case.token(token)
            app.processEvents()  # pyright: ignore

        return work

    costs = [milliseconds(step(token)) for token in tokens]
    figures = {"token_p50_ms": quantile(costs, 0.5), "token_p99_ms": quantile(costs, 0.99)}
    if isinstance(case, Ours):
        figures["streaming_cpu"] = throttled_share(app, case)
    return figures


def throttled_share(app: object, case: Ours) -> float:
    """The share of one core while tokens come at a usual speed, repaints throttled as in use."""
    from scripts.sample_conversations import ATTENTION

    started, busy = time.monotonic(), time.process_time()
    number = 0
    while (elapsed := time.monotonic() - started) < 4:
        while number < elapsed * TOKENS_PER_S:
            case.view.append(ATTENTION[number * 4 % len(ATTENTION) :][:4])
            number += 1
        app.processEvents()  # pyright: ignore
        time.sleep(0.002)
    return (time.process_time() - busy) / (time.monotonic() - started)


def settle(app: object, seconds: float = 0.5) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        app.processEvents()  # pyright: ignore
        time.sleep(0.001)


def bare() -> Figures:
    from PySide6.QtWidgets import QApplication, QMainWindow  # noqa: TID251

    app = QApplication([])
    window = QMainWindow()
    window.resize(WIDTH, HEIGHT)

    def show() -> None:
        window.show()
        app.processEvents()

    return {"first_paint_ms": milliseconds(show), "memory_mib": resident_mib()}


def in_own_process(*case: str) -> Figures:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, __file__, "--case", *case]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--case", nargs="+")
    chosen = arguments.parse_args()
    if chosen.case:
        kind, *count = chosen.case
        print(json.dumps(bare() if kind == "bare" else measure(kind, int(count[0]))))
        return
    report: dict[str, Figures] = {"bare": in_own_process("bare")}
    for size in SIZES:
        ours, peer = (in_own_process(kind, str(size)) for kind in ("ours", "peer"))
        report |= {f"ours {size}": ours, f"peer {size}": peer}
        report[f"peer/ours {size}"] = {
            name: round(peer[name] / ours[name], 2) for name in ours if name in peer
        }
    print(json.dumps(report, indent=1) if chosen.json else table(report))


def table(report: dict[str, Figures]) -> str:
    lines = [
        f"{case:16s} " + "  ".join(f"{name} {value:.2f}" for name, value in figures.items())
        for case, figures in report.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
