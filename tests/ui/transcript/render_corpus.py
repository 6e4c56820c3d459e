"""Shows hostile texts that name one file and one server: run under strace by its test.

    python3 render_corpus.py COUNT CANARY [--control]

With `--control` Qt's own document reads one of them, which does open the file.
"""

import sys

from PySide6.QtWidgets import QApplication

from app.ui.theme import LIGHT
from app.ui.transcript import ItemId, MessageItem, Transcript
from tests.ui.transcript.test_hostile_text import corpus

LURES = (
    "![x]({path})", "![x](file://{path})", "<img src='{path}'>", "[x]({path})",
    "<style>@import url('{path}')</style>", "![x](http://127.0.0.1:{port}/canary.png)",
    "<body background='{path}'>", "| ![x]({path}) |\n|---|\n| <img src={path}> |",
    "- ![x]({path})\n  > <img src='http://127.0.0.1:{port}/canary.png'>",
    "<link rel=stylesheet href='{path}'>", "[a]: {path}\n\n![x][a]",
    "$\\includegraphics{{{path}}}$",
)  # fmt: skip
PORT = 9  # nobody listens


def main(count: int, canary: str, *, control: bool) -> None:
    app = QApplication([])
    if control:
        from PySide6.QtGui import QTextDocument

        document = QTextDocument()
        document.setHtml(f"<img src='{canary}'>")
        document.size()
        return
    view = Transcript(LIGHT)
    view.resize(900, 700)
    view.show()
    for number, text in enumerate(corpus(count, seed=3)):
        lure = LURES[number % len(LURES)].format(path=canary, port=PORT)
        said = MessageItem(id=ItemId("1"), role="assistant", text=f"{lure}\n\n{text}\n\n{lure}")
        view.set_items([said])
        app.processEvents()
        if number % 10 == 0:
            view.grab()
    view.shutdown()
    print(f"shown {count}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], control="--control" in sys.argv)
