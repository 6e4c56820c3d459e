"""The ground under every test: no display, its own home folder, silence, a clean exit."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# With no display Qt aborts, and the guards import Qt.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

pytest_plugins = ["pytester", "tests.guards"]

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, only those")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    if config.getoption("--slow"):
        items[:], left_out = slow, quick
    else:
        items[:], left_out = quick, slow
        config.stash[_left_out] = len(slow)
    if left_out:
        config.hook.pytest_deselected(items=left_out)


_left_out = pytest.StashKey[int]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if count := config.stash.get(_left_out, 0):
        terminalreporter.write_line(
            f"Left out: {count} slow test(s); `python3 scripts/test.py --slow` runs them."
        )


@pytest.fixture(scope="session", autouse=True)
def _session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What wider fixtures write must not land in the user's own folders either."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLAMA_CHAT_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("LLAMA_CHAT_SHIPPED_DIR", str(tmp_path_factory.mktemp("shipped")))
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This test's own LLAMA_CHAT_HOME."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LLAMA_CHAT_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """A GGUF of a few megabytes, built once and kept until its recipe changes."""
    return _built("tiny")


@pytest.fixture(scope="session")
def starter() -> Path:
    """The model that ships: what is said means something."""
    return ROOT / "resources" / "models" / "starter.gguf"


@pytest.fixture
def guide(starter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app as it ships; without this fixture no test sees a built-in model."""
    shipped = tmp_path / "shipped" / "starter.gguf"
    shipped.parent.mkdir()
    shutil.copyfile(starter, shipped)
    monkeypatch.setenv("LLAMA_CHAT_SHIPPED_DIR", str(shipped.parent))
    return shipped


@pytest.fixture(scope="session")
def model_of() -> Callable[[str], Path]:
    """A model of any kind `make_model.py` knows, built once and kept."""
    return _built


def _built(kind: str) -> Path:
    from scripts import make_model

    sources = [Path(make_model.__file__), *sorted((ROOT / "scripts/model_factory").glob("*.py"))]
    recipe = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    model = ROOT / ".cache" / "models" / f"{kind}-{recipe}.gguf"
    return model if model.exists() else make_model.build(kind, model)
