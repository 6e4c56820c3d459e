"""The transcript, and one QTextBrowser per message, doing the same work. Main thread, offscreen.

Milliseconds are processor time of the main thread, so that a busy machine does not spoil them.
Each case wants a process of its own: memory is its own, nothing is warm.
"""

import time
from collections.abc import Callable
from typing import Protocol

import psutil
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QFrame,
    QScrollArea,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.ui.bench.texts import ATTENTION, RICH
from app.ui.theme import LIGHT
from app.ui.throttle import Throttle
from app.ui.transcript import ItemId, MessageItem, Transcript
from app.ui.transcript.view import REPAINT_INTERVAL_MS

PAGES, RESIZES = 40, 6
WIDTH, HEIGHT = 1_000, 760
TOKENS_PER_S = 50
_STREAM_S = 4.0
_LONG = 31  # times one answer are ten thousand tokens
_QUESTION = "And what about number {n}? Please explain with **code**."
Figures = dict[str, float]


class Case(Protocol):
    @property
    def view(self) -> QAbstractScrollArea: ...

    def fill(self, count: int) -> None: ...

    def begin(self) -> None: ...

    def token(self, text: str) -> None:
        """It is painted at once, the worst case."""
        ...

    def arrive(self, text: str) -> None:
        """It is painted with the next repaint, as in use."""
        ...

    def close(self) -> None: ...


class Ours:
    """The transcript through its own verbs."""

    def __init__(self) -> None:
        self.view = Transcript(LIGHT)

    def fill(self, count: int) -> None:
        self.view.set_items(
            [
                MessageItem(
                    id=ItemId(str(n)), role="assistant" if n % 2 else "user", text=message(n)
                )
                for n in range(count)
            ]
        )

    def begin(self) -> None:
        self.view.begin_stream(MessageItem(id=ItemId("live"), role="assistant"))
        self.view.scroll_to_end()

    def token(self, text: str) -> None:
        self.view.append(text)
        self.view.show_now()

    def arrive(self, text: str) -> None:
        self.view.append(text)

    def close(self) -> None:
        self.view.shutdown()


class Browser(QTextBrowser):
    """One message, as tall as its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMarkdown(text)

    def fit(self) -> None:
        self.document().setTextWidth(self.viewport().width())
        self.setFixedHeight(round(self.document().size().height()) + 4)

    def resizeEvent(self, e: QResizeEvent) -> None:
        super().resizeEvent(e)
        self.fit()


class Peer:
    """One QTextBrowser per message in a scroll area."""

    def __init__(self) -> None:
        self.view = QScrollArea()
        self.view.setWidgetResizable(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self.view.setWidget(inside)
        self._live = Browser("")
        self._text = ""
        self._repaint = Throttle(self._show, REPAINT_INTERVAL_MS, self.view)

    def _add(self, browser: Browser) -> None:
        self._column.addWidget(browser)
        browser.fit()

    def fill(self, count: int) -> None:
        for number in range(count):
            self._add(Browser(message(number)))

    def begin(self) -> None:
        self._add(self._live)

    def token(self, text: str) -> None:
        self._text += text
        self._show()

    def arrive(self, text: str) -> None:
        self._text += text
        self._repaint.request()

    def _show(self) -> None:
        self._live.setMarkdown(self._text)
        self._live.fit()
        bar = self.view.verticalScrollBar()
        bar.setValue(bar.maximum())

    def close(self) -> None:
        self._repaint.cancel()


def message(number: int) -> str:
    if number % 2 == 0:
        return _QUESTION.format(n=number)
    return RICH if number % 8 == 1 else ATTENTION


def measure(case: Case, count: int, *, streaming: bool) -> Figures:
    before = resident_mib()
    view = case.view
    view.resize(WIDTH, HEIGHT)
    view.show()
    QApplication.processEvents()
    figures = {"first paint, ms": turn(lambda: case.fill(count))}
    settle()
    figures["memory, MiB"] = resident_mib() - before
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum())
    settle()
    pages: list[float] = []
    for _ in range(PAGES):
        pages.append(turn(lambda: bar.setValue(bar.value() - HEIGHT)))
        settle(0.02)
    figures["page, p99 ms"] = quantile(pages, 0.99)
    widths = [WIDTH - 40 * (number + 1) for number in range(RESIZES)]
    figures["resize step, ms"] = quantile([_resized(view, width) for width in widths], 0.5)
    if streaming:
        figures |= _stream(case)
    case.close()
    return figures


def _resized(view: QWidget, width: int) -> float:
    return turn(lambda: view.resize(width, HEIGHT))


def _stream(case: Case) -> Figures:
    """An answer token by token: the cost of each, and the share of one core at a usual speed."""
    case.begin()
    costs = [_told(case, ATTENTION[at : at + 4]) for at in range(0, len(ATTENTION), 4)]
    figures = {
        "streamed token, p50 ms": quantile(costs, 0.5),
        "streamed token, p99 ms": quantile(costs, 0.99),
        "core while streaming, %": 100 * _usual_speed(case),
    }
    if isinstance(case, Ours):
        far = _LONG * ATTENTION
        costs = [_told(case, far[at : at + 4]) for at in range(0, len(far), 4)][-len(costs) :]
        figures["after 10,000 tokens, p50 ms"] = quantile(costs, 0.5)
        figures["after 10,000 tokens, p99 ms"] = quantile(costs, 0.99)
    return figures


def _told(case: Case, token: str) -> float:
    return turn(lambda: case.token(token))


def _usual_speed(case: Case) -> float:
    """The share of one core, repaints throttled as in use."""
    started, busy, number = time.monotonic(), time.process_time(), 0
    while (elapsed := time.monotonic() - started) < _STREAM_S:
        while number < elapsed * TOKENS_PER_S:
            case.arrive(ATTENTION[number * 4 % len(ATTENTION) :][:4])
            number += 1
        QApplication.processEvents()
        time.sleep(0.002)
    return (time.process_time() - busy) / (time.monotonic() - started)


def turn(work: Callable[[], object]) -> float:
    """Until it is on the screen."""
    start = time.thread_time()
    work()
    QApplication.processEvents()
    return (time.thread_time() - start) * 1_000


def settle(seconds: float = 0.5) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.001)


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, round(share * len(values)))]


def resident_mib() -> float:
    return psutil.Process().memory_info().rss / 2**20
