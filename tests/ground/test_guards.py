"""Each guard bites: an inner pytest, under our own configuration, sins once."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CLEAN = "def test_clean(): assert True\n"
SINS = {
    "warning": (
        "import warnings\ndef test_sin(): warnings.warn('careless')\n",
        "UserWarning: careless",
    ),
    "log": (
        "import logging\ndef test_sin(): logging.getLogger('a').warning('odd thing')\n",
        "unexpected log: WARNING a: odd thing",
    ),
    "log_that_does_not_propagate": (
        "import logging\n"
        "def test_sin():\n"
        "    log = logging.getLogger('b')\n"
        "    log.propagate = False\n"
        "    log.error('hidden thing')\n",
        "unexpected log: ERROR b: hidden thing",
    ),
    "expected_log_that_never_came": (
        "def test_sin(expect_log): expect_log('promised')\n",
        "expected log never came: promised",
    ),
    "Qt_message": (
        "from PySide6.QtCore import qWarning\ndef test_sin(): qWarning('Qt is cross')\n",
        "unexpected log: WARNING Qt: Qt is cross",
    ),
    "Qt_message_in_teardown": (
        "import pytest\n"
        "from PySide6.QtCore import qWarning\n"
        "@pytest.fixture\n"
        "def late():\n"
        "    yield\n"
        "    qWarning('cross at the end')\n"
        "def test_sin(late): pass\n",
        "unexpected log: WARNING Qt: cross at the end",
    ),
    "exception_in_a_slot": (
        "from PySide6.QtCore import QObject, Signal\n"
        "class Bell(QObject):\n"
        "    rang = Signal()\n"
        "def test_sin(qapp):\n"
        "    bell = Bell()\n"
        "    bell.rang.connect(lambda: 1 / 0)\n"
        "    bell.rang.emit()\n",
        "Exceptions caught in Qt event loop",
    ),
    "thread": (
        "import threading\n"
        "stop = threading.Event()\n"
        "def test_sin():\n"
        "    threading.Thread(target=stop.wait, name='forgotten', daemon=True).start()\n",
        "left behind: thread 'forgotten'",
    ),
    "QThread": (
        "from PySide6.QtCore import QThread\n"
        "kept = []\n"
        "def test_sin():\n"
        "    kept.append(QThread())\n"
        "    kept[0].start()\n",
        "left behind: running QThread",
    ),
    "child": (
        "import subprocess, sys\n"
        "kept = []\n"
        "def test_sin():\n"
        "    kept.append(subprocess.Popen([sys.executable, '-c', 'input()'],"
        " stdin=subprocess.PIPE))\n",
        "left behind: child process .*input",
    ),
    "thread_of_a_module_fixture_that_outlives_it": (
        "import threading, pytest\n"
        "stop = threading.Event()\n"
        "@pytest.fixture(scope='module')\n"
        "def wide():\n"
        "    threading.Thread(target=stop.wait, name='wide', daemon=True).start()\n"
        "def test_sin(wide): pass\n",
        "left behind: thread 'wide'",
    ),
}


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Runs test files in a pytest of its own, with this project's settings and guards."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "300")
    pytester.makeconftest(
        "from tests.conftest import *\n"
        "pytest_plugins = ['tests.guards']\n"
        "@pytest.fixture(scope='session', autouse=True)\n"
        "def short_grace():\n"
        "    from tests import guards\n"
        "    guards.EXIT_GRACE_S = 0.5\n"
    )

    def run(sources: str | dict[str, str], *args: str) -> pytest.RunResult:
        files = {"inner": sources} if isinstance(sources, str) else sources
        pytester.makepyfile(**{f"test_{name}": source for name, source in files.items()})
        settings = [f"--config-file={ROOT / 'pyproject.toml'}", f"--rootdir={pytester.path}"]
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *settings, *args]
        return pytester.run(*command, *sorted(pytester.path.glob("test_*.py")), timeout=50)

    return run


def test_each_guard_fails_the_test_that_sinned_and_no_other(inner) -> None:
    result = inner({name: source + "\n" + CLEAN for name, (source, _) in SINS.items()}, "-rAfE")
    for name, (_, complaint) in SINS.items():
        result.stdout.re_match_lines_random(
            [rf"(FAILED|ERROR) test_{name}\.py::test_\w+ - .*{complaint}"]
        )
        result.stdout.fnmatch_lines_random([f"PASSED test_{name}.py::test_clean"])
    outcome = result.parseoutcomes()
    assert outcome.get("failed", 0) + outcome.get("errors", 0) == len(SINS)


def test_what_ends_cleanly_passes(inner) -> None:
    result = inner(
        """
        import logging, subprocess, sys, threading
        import pytest
        from PySide6.QtCore import QThread, qWarning

        class Reader(QThread):
            def run(self):
                threading.current_thread()  # leaves a Dummy-N entry

        @pytest.fixture(scope="module")
        def wide():
            stop = threading.Event()
            thread = threading.Thread(target=stop.wait)
            thread.start()
            yield
            stop.set()
            thread.join()

        def test_thread_of_a_module_fixture(wide):
            assert threading.active_count() >= 2

        def test_same_fixture_again(wide):
            assert threading.active_count() >= 2

        def test_thread_that_ends_soon():
            threading.Timer(0.2, lambda: None).start()

        def test_reader():
            reader = Reader()
            reader.start()
            assert reader.wait(5000)

        def test_child():
            assert subprocess.run([sys.executable, "-c", ""]).returncode == 0

        def test_expected(expect_log):
            expect_log("odd")
            expect_log("Qt: cross")
            logging.getLogger("a").warning("odd thing")
            qWarning("cross")
        """
    )
    result.assert_outcomes(passed=6)


def test_each_test_has_its_own_home(inner) -> None:
    result = inner(
        """
        import os, pytest
        seen = []

        @pytest.mark.parametrize("n", [1, 2])
        def test_home(n, home, tmp_path):
            assert os.environ["LLAMA_CHAT_HOME"] == str(home)
            assert home.is_relative_to(tmp_path) and home not in seen
            seen.append(home)
        """
    )
    result.assert_outcomes(passed=2)


def test_a_hung_test_is_ended(inner) -> None:
    result = inner("import time\ndef test_hang(): time.sleep(30)\n", "--timeout=1")
    result.stdout.fnmatch_lines(["*Timeout*1.0s*"])
    result.assert_outcomes(failed=1)


def test_an_unknown_marker_is_refused(inner) -> None:
    result = inner("import pytest\n@pytest.mark.slwo\ndef test_typo(): pass\n")
    result.stdout.fnmatch_lines(["*'slwo' not found in `markers`*"])


SLOW = "import pytest\ndef test_quick(): pass\n@pytest.mark.slow\ndef test_long(): pass\n"


def test_slow_tests_are_left_out_and_counted(inner) -> None:
    result = inner(SLOW, "-v")
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["Left out: 1 slow test*scripts/test.py --slow*"])


def test_slow_runs_only_the_slow_ones(inner) -> None:
    result = inner(SLOW, "-v", "--slow")
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["*test_long PASSED*"])
