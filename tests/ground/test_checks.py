"""`scripts/check.py` bites: a copy of the tree sins against each rule once, each sin is named."""

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
TARGETS = ("app/storage/sin_target.py", "app/engine/sin_target.py")


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    copy = tmp_path_factory.mktemp("copy")
    for room in ("app", "scripts"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for file, source in [(file, "") for file in TARGETS] + [sin[:2] for sin in SINS.values()]:
        path = copy / file
        path.parent.mkdir(exist_ok=True)
        if path.parts[-3] == "app":
            (path.parent / "__init__.py").touch()
        path.write_text(source)
    return check.failures(copy, Path(sys.executable))


@pytest.mark.parametrize("sin", SINS)
def test_each_sin_is_named(complaints: dict[str, str], sin: str) -> None:
    _, _, name, complaint = SINS[sin]
    assert complaint in complaints[name]
