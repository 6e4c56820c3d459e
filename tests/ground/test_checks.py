"""`scripts/check.py` bites: under our rules a small tree sins once against each, and each is named.

The tree has our rooms, empty, so that its complaints are about its sins alone.
"""

import shutil
import sys
from pathlib import Path

import pytest

from scripts import check

ROOT = Path(__file__).parents[2]
LONG_FUNCTION = "def endless() -> None:\n" + "    print()\n" * 60
LONG_FILE = "# line\n" * 501

# name: (file, its text, the check that must complain, what it must say)
SINS = {
    "upward import": (
        "app/core/sin_up.py",
        "import app.chat\n",
        "imports",
        "app.core.sin_up -> app.chat",
    ),
    "upward import inside a function": (
        "app/core/sin_late.py",
        "def peek() -> None:\n    import app.bootstrap\n",
        "imports",
        "app.core.sin_late -> app.bootstrap",
    ),
    "siblings": (
        "app/hub/sin_sibling.py",
        "import app.storage.sin_target\n",
        "imports",
        "app.hub.sin_sibling -> app.storage.sin_target",
    ),
    "engine from chat": (
        "app/chat/sin_engine.py",
        "import app.engine.sin_target\n",
        "imports",
        "app.chat.sin_engine -> app.engine.sin_target",
    ),
    "Qt in chat": (
        "app/chat/sin_qt.py",
        "from PySide6.QtCore import QObject\n",
        "imports",
        "app.chat.sin_qt -> PySide6",
    ),
    "apsw outside storage": (
        "app/chat/sin_apsw.py",
        "import apsw\n",
        "imports",
        "app.chat.sin_apsw -> apsw",
    ),
    "llama_cpp outside its module": (
        "app/engine/sin_llama.py",
        "import llama_cpp\n",
        "imports",
        "app.engine.sin_llama -> llama_cpp",
    ),
    "unknown room": ("app/attic/__init__.py", "", "imports", "attic"),
    "widgets in workers": (
        "app/workers/sin_widgets.py",
        "from PySide6.QtWidgets import QWidget\n",
        "lint",
        "app/workers/sin_widgets.py",
    ),
    "painting in workers": (
        "app/workers/sin_gui.py",
        "def paint() -> None:\n    import PySide6.QtGui\n",
        "lint",
        "app/workers/sin_gui.py",
    ),
    "the system's SQLite": (
        "app/storage/sin_sqlite.py",
        "import sqlite3\n",
        "lint",
        "app/storage/sin_sqlite.py",
    ),
    "pickle": ("app/workers/sin_pickle.py", "import pickle\n", "lint", "sin_pickle.py"),
    "format": ("app/core/sin_format.py", "x = {  'a':1 }\n", "format", "sin_format.py"),
    "types": (
        "app/core/sin_types.py",
        "def half(x):\n    return x / 2\n",
        "types",
        "sin_types.py",
    ),
    "long file": ("app/core/sin_file.py", LONG_FILE, "sizes", "app/core/sin_file.py: 501 lines"),
    "long function": (
        "scripts/sin_function.py",
        LONG_FUNCTION,
        "sizes",
        "scripts/sin_function.py::endless: 61 lines",
    ),
}
ROOMS = ("core", "engine", "hub", "storage", "workers", "chat", "server", "ui", "cli")
MODULES = ("bootstrap", "storage/sin_target", "engine/sin_target")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", tree)
    (tree / "scripts").mkdir()
    for file in ("__init__", "__main__", *(f"{room}/__init__" for room in ROOMS), *MODULES):
        path = tree / "app" / f"{file}.py"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
    return tree


@pytest.fixture(scope="module")
def complaints(tree: Path) -> dict[str, str]:
    assert check.failures(tree, Path(sys.executable)) == {}, "the tree was to be clean before"
    for file, source, _, _ in SINS.values():
        (tree / file).parent.mkdir(exist_ok=True)
        (tree / file).write_text(source)
    return check.failures(tree, Path(sys.executable))


@pytest.mark.parametrize("sin", SINS)
def test_each_sin_is_named(complaints: dict[str, str], sin: str) -> None:
    _, _, name, complaint = SINS[sin]
    assert complaint in complaints[name]
