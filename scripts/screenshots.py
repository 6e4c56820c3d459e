"""Pictures of the window's states in light and dark, at 1x and 2x, into docs/screenshots/.

    python3 scripts/screenshots.py [NAME ...]

Each scale runs in its own process, because Qt reads it once. What needs no display is drawn
offscreen; the pictures are looked at by people, never compared by machines.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"

if __name__ == "__main__" and "SCREENSHOT_SCALE" not in os.environ:
    for scale in ("1", "2"):
        environment = os.environ | {
            "SCREENSHOT_SCALE": scale,
            "QT_SCALE_FACTOR": scale,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(ROOT),
        }
        subprocess.run([sys.executable, __file__, *sys.argv[1:]], env=environment, check=True)
    sys.exit(0)

from PySide6.QtCore import QEventLoop, QPointF, Qt, QTimer  # noqa: E402
from PySide6.QtGui import QCursor, QFont, QFontDatabase, QImage, QKeyEvent, QMouseEvent  # noqa: E402, TID251
from PySide6.QtWidgets import QApplication, QWidget  # noqa: E402, TID251

from app.ui.theme import BODY_POINTS, Mode, theme  # noqa: E402
from app.ui.transcript import (  # noqa: E402
    Item,
    ItemId,
    MessageItem,
    Quote,
    Stats,
    ToolCard,
    Transcript,
    WindItem,
)
from scripts.pages_models import FEW  # noqa: E402
from scripts.pages_scene import MODELS as PAGE_MODELS  # noqa: E402
from scripts.pages_scene import SCENES as PAGE_SCENES  # noqa: E402
from scripts.pages_scene import PagesScene  # noqa: E402
from scripts.sample_conversations import ATTENTION, RICH, SCRIPTS  # noqa: E402
from scripts.window_scene import SCENES as WINDOW_SCENES  # noqa: E402
from scripts.window_scene import SIZES, WindowScene  # noqa: E402

Scene = Callable[[Mode], QWidget]
_open: list[Transcript] = []


def said(number: int, text: str) -> MessageItem:
    return MessageItem(id=ItemId(f"m{number}"), role="user", text=text)


def answered(number: int, text: str, **more: object) -> MessageItem:
    return MessageItem(id=ItemId(f"m{number}"), role="assistant", text=text, **more)  # pyright: ignore


def transcript(mode: Mode, *items: Item, size: tuple[int, int] = (1_000, 760)) -> Transcript:
    view = Transcript(theme(mode))
    _open.append(view)
    view.resize(*size)
    view.show()
    view.set_items(items)
    view.setFocus()
    wait()
    view.verticalScrollBar().setValue(0)
    wait(80)
    return view


def wait(milliseconds: int = 400) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


STATS = Stats(412, 38.2, 420, prompt_tokens=12_040, reused_tokens=11_980)
QUESTION = said(
    1, "Why does attention get so slow with long contexts? Show me code and the formula."
)


def conversation(mode: Mode) -> QWidget:
    answer = answered(
        2, ATTENTION, reasoning="…", reasoning_ms=12_400, stats=STATS, version=2, versions=3
    )
    return transcript(mode, QUESTION, answer, size=(1_000, 1_260))


def rich(mode: Mode) -> QWidget:
    return transcript(
        mode,
        said(1, "Show me *everything*\nyou can format."),
        answered(2, RICH),
        size=(1_000, 1_500),
    )


def scripts(mode: Mode) -> QWidget:
    return transcript(mode, said(1, "ברכות, 你好, नमस्ते"), answered(2, SCRIPTS), size=(1_000, 900))


def opened(mode: Mode) -> QWidget:
    answer = answered(
        2,
        "The cache was set to **8 bits** in May; nothing has changed since.",
        reasoning="The user asks about the cache.\n\n- Look into the notes\n- answer `briefly`",
        reasoning_ms=4_300,
        quotes=(Quote("We decided to keep the KV cache at `q8_0`.", "You, 12 May"),),
        tools=(ToolCard("search_notes", '{"query": "kv cache"}', "1 note found: 12 May"),),
        stats=STATS,
    )
    wind = WindItem(id=ItemId("w"), label="42 earlier messages became narrative")
    view = transcript(mode, wind, said(1, "What did we decide about the cache?"), answer)
    for what in ("quotes", "reasoning", "tool0"):
        view._opened.setdefault(answer.id, set()).add(what)
    view.update_item(answer)
    return view


def states(mode: Mode) -> QWidget:
    view = transcript(
        mode,
        said(1, "Summarise the attached report."),
        answered(2, "The report covers three", status="stopped"),
        said(3, "Try again with more detail."),
        answered(
            4,
            "",
            status="failed",
            note="The model ran out of memory. Load it with a smaller context and try again.",
        ),
        said(5, "And now?"),
    )
    view.begin_stream(answered(6, "", status="reading", read_tokens=3_120, prompt_tokens=12_040))
    return view


def streaming(mode: Mode) -> QWidget:
    view = transcript(mode, QUESTION)
    view.begin_stream(answered(2, "", status="streaming"))
    view.append(ATTENTION[: ATTENTION.index("if mask")])
    return view


def selecting(mode: Mode) -> QWidget:
    view = transcript(mode, QUESTION, answered(2, ATTENTION))
    view.find_text("cache")
    wait()
    key = Qt.Key.Key_A
    event = QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.ControlModifier)
    QApplication.sendEvent(view, event)
    return view


def finding(mode: Mode) -> QWidget:
    view = transcript(mode, QUESTION, answered(2, ATTENTION))
    view.find_text("cache")
    return view


def link(mode: Mode) -> QWidget:
    view = transcript(
        mode, answered(1, "[The paper](https://arxiv.org/abs/1706.03762) says so."), size=(720, 300)
    )
    port = view.viewport()
    point = QPointF(view._surface.left + 20, 28)
    for kind in (QMouseEvent.Type.MouseButtonPress, QMouseEvent.Type.MouseButtonRelease):
        button = Qt.MouseButton.LeftButton
        held = button if kind == QMouseEvent.Type.MouseButtonPress else Qt.MouseButton.NoButton
        place = QPointF(port.mapToGlobal(point))
        QApplication.sendEvent(
            port, QMouseEvent(kind, point, place, button, held, Qt.KeyboardModifier.NoModifier)
        )
    return view


def keyboard(mode: Mode) -> QWidget:
    view = transcript(
        mode,
        QUESTION,
        answered(2, "Like this:\n\n```py\nx = 1\n```\n\nDone.", stats=STATS),
        size=(1_000, 420),
    )
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right):
        alt = Qt.KeyboardModifier.AltModifier
        QApplication.sendEvent(view, QKeyEvent(QKeyEvent.Type.KeyPress, key, alt))
    return view


def narrow(mode: Mode) -> QWidget:
    view = transcript(
        mode, QUESTION, answered(2, ATTENTION, version=1, versions=2), size=(420, 900)
    )
    view.set_theme(theme(mode, points=BODY_POINTS * 1.5))
    return view


def hostile(mode: Mode) -> QWidget:
    return transcript(
        mode, answered(1, "x" * 60_000), answered(2, "> " * 90 + "deep"), size=(1_000, 700)
    )


def window(name: str) -> Scene:
    """The whole window, as the README shows it, in one of its states."""

    def scene(mode: Mode) -> QWidget:
        made = WindowScene(mode, SIZES.get(name, (1_120, 800)))
        WINDOW_SCENES[name](made)
        _windows.append(made)
        wait(2_500 if name == "attachments" else 1_000)
        while made.window.transcript._errands.busy:  # formulas are still being drawn
            wait(50)
        return made.window

    return scene


def page(name: str) -> Scene:
    """A page around the conversation, in the real app on a made-up home."""

    def scene(mode: Mode) -> QWidget:
        made = PagesScene(mode, PAGE_MODELS.get(name, FEW))
        _windows.append(made)
        wait(2_000)
        shown = PAGE_SCENES[name](made)
        wait(2_000)
        return shown or made.window

    return scene


_windows: list[WindowScene | PagesScene] = []

SCENES: dict[str, Scene] = {
    f"window-{name}".removesuffix("-conversation"): window(name) for name in WINDOW_SCENES
} | {name: page(name) for name in PAGE_SCENES} | {
    f"transcript-{scene.__name__}": scene
    for scene in (
        conversation, rich, scripts, opened, states, streaming, selecting, finding, link,
        keyboard, narrow, hostile,
    )
}  # fmt: skip


def main(names: list[str]) -> None:
    app = QApplication([])
    app.setStyle("Fusion")
    if "Inter" in QFontDatabase.families():
        app.setFont(QFont("Inter", 10))
    FOLDER.mkdir(parents=True, exist_ok=True)
    QCursor.setPos(5_000, 5_000)  # nothing is hovered
    suffix = "" if os.environ["SCREENSHOT_SCALE"] == "1" else "@2x"
    modes: tuple[Mode, ...] = ("light", "dark")
    for name in names or SCENES:
        for mode in modes:
            widget = SCENES[name](mode)
            wait(600)
            picture = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
            picture.save(str(FOLDER / f"{name}-{mode}{suffix}.png"), "PNG", 0)
            widget.hide()
            while _windows:
                _windows.pop().close()
    for view in _open:
        view.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:])
