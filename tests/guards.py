"""Silence and a clean exit, tested: the pytest plugin behind every test of ours.

After each test (fixtures included) it fails the test that
- let a record of WARNING or above, on any logger, pass without `expect_log`; Qt's own messages
  are sent to the logger "Qt", so one guard sees both;
- left a Python thread or a started QThread running, or a child process behind.
What a wider fixture (module, session) starts is charged when that fixture is gone.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Generator, Iterable
from typing import Any

import psutil
import pytest
from PySide6.QtCore import QThread, QtMsgType, qInstallMessageHandler

EXIT_GRACE_S = 2.0

_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Ears:
    """Every log record of WARNING or above since the last `take`, from any thread."""

    def __init__(self) -> None:
        self._heard: list[logging.LogRecord] = []

    def hear(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self._heard.append(record)

    def take(self) -> list[logging.LogRecord]:
        heard, self._heard = self._heard, []
        return heard


class Running:
    """What runs beside the test: threads, started QThreads and child processes."""

    def __init__(self) -> None:
        self.qthreads: list[QThread] = []
        self._excused: dict[object, set[object]] = {}  # by fixture, while it lives
        self._overdue: set[object] = set()

    def now(self) -> dict[object, str]:
        self.qthreads = [thread for thread in self.qthreads if _is_running(thread)]
        found: dict[object, str] = {thread: f"thread {thread.name!r}" for thread in _threads()}
        found |= {thread: f"running QThread {thread!r}" for thread in self.qthreads}
        return found | {child: f"child process {_describe(child)}" for child in _children()}

    def excuse(self, fixture: object, since: Iterable[object]) -> None:
        self._excused[fixture] = self.now().keys() - set(since)

    def release(self, fixture: object) -> None:
        self._overdue |= self._excused.pop(fixture, set())

    def leaked(self, before: Iterable[object]) -> dict[object, str]:
        """What did not end within the grace, a gone fixture's included."""
        known = set(before).union(*self._excused.values()) - self._overdue
        self._overdue.clear()
        deadline = time.monotonic() + EXIT_GRACE_S
        while True:
            left = {key: name for key, name in self.now().items() if key not in known}
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.02)


def _threads() -> list[threading.Thread]:
    # A QThread that ran Python leaves a `Dummy-N` entry that lives as long as the process.
    return [
        thread
        for thread in threading.enumerate()
        if thread is not threading.main_thread() and not isinstance(thread, threading._DummyThread)  # pyright: ignore
    ]


def _is_running(thread: QThread) -> bool:
    try:
        return thread.isRunning()
    except RuntimeError:  # the C++ object is gone
        return False


def _children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _describe(child: psutil.Process) -> str:
    try:
        return f"{child.pid}: {' '.join(child.cmdline()) or child.status()}"
    except psutil.Error:
        return str(child.pid)


def _end(leaks: Iterable[object]) -> None:
    """So that one test's leak does not sink the tests after it."""
    for leak in leaks:
        if isinstance(leak, QThread):
            leak.requestInterruption()
            leak.quit()
            leak.wait(int(EXIT_GRACE_S * 1000))
    children = [leak for leak in leaks if isinstance(leak, psutil.Process)]
    for child in children:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(children, timeout=EXIT_GRACE_S)


_ears = Ears()
_running = Running()
_before = pytest.StashKey[dict[object, str]]()
_expected = pytest.StashKey[list[re.Pattern[str]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Listen where every record passes: handlers miss loggers that do not propagate."""
    call_handlers = logging.Logger.callHandlers
    start = QThread.start

    def heard_call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        _ears.hear(record)
        call_handlers(self, record)

    def noted_start(self: QThread, *args: Any) -> None:
        _running.qthreads.append(self)
        start(self, *args)

    def restore() -> None:
        logging.Logger.callHandlers = call_handlers
        QThread.start = start
        qInstallMessageHandler(None)

    logging.Logger.callHandlers = heard_call_handlers
    QThread.start = noted_start
    qInstallMessageHandler(_qt_message)
    config.add_cleanup(restore)


# The display that tests run on says this of every window with a smallest size.
_OFFSCREEN_SAYS = "This plugin does not support propagateSizeHints()"


def _qt_message(kind: QtMsgType, _context: object, text: str) -> None:
    if text == _OFFSCREEN_SAYS:
        return
    logging.getLogger("Qt").log(_QT_LEVELS[kind], "%s", text)


@pytest.fixture
def expect_log(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """`expect_log(regex)`: this test causes a log warning that matches, at least once."""

    def expect(pattern: str) -> None:
        request.node.stash.setdefault(_expected, []).append(re.compile(pattern))

    return expect


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    if fixturedef.scope == "function":
        return (yield)
    before = _running.now()
    result = yield
    _running.excuse(fixturedef, before)
    return result


def pytest_fixture_post_finalizer(fixturedef: pytest.FixtureDef[Any]) -> None:
    _running.release(fixturedef)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    _ears.take()
    item.stash[_before] = _running.now()
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    try:
        yield
    finally:
        leaks = _running.leaked(item.stash[_before])
        _end(leaks)
        faults = [f"left behind: {name}" for name in leaks.values()]
        faults += _log_faults(_ears.take(), item.stash.get(_expected, []))
        if faults:
            pytest.fail("\n".join(faults), pytrace=False)


def _log_faults(
    records: list[logging.LogRecord], expected: list[re.Pattern[str]]
) -> Generator[str]:
    lines = [f"{record.levelname} {record.name}: {record.getMessage()}" for record in records]
    for line in lines:
        if not any(pattern.search(line) for pattern in expected):
            yield f"unexpected log: {line}"
    for pattern in expected:
        if not any(pattern.search(line) for line in lines):
            yield f"expected log never came: {pattern.pattern}"
