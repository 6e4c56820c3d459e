"""The context menu: the same deeds as the footer's, with words, plus copying.

Main thread. Built for one click and thrown away with it.
"""

from collections.abc import Callable

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.ui.transcript.deeds import CopyMessage, CopyText, Deed
from app.ui.transcript.items import (
    Branch,
    Continue,
    Delete,
    Edit,
    Item,
    MessageItem,
    OpenSegment,
    Regenerate,
    SwitchVersion,
)

Entry = tuple[str, Deed] | None  # None is a line between groups


def entries(item: Item, *, last: bool, link: str = "") -> list[Entry]:
    """What can be done with an item, in the order of the menu."""
    if not isinstance(item, MessageItem):
        return [("Open the narrative", OpenSegment(item.id))]
    found: list[Entry] = [("Copy address", CopyText(link)), None] if link else []
    found += [
        ("Copy message as Markdown", CopyMessage(item.id, "markdown")),
        ("Copy message as text", CopyMessage(item.id, "text")),
    ]
    if item.live:
        return found
    found.append(None)
    if item.role == "assistant":
        found.append(("Regenerate", Regenerate(item.id)))
        if last and item.status == "stopped" and item.text:
            found.append(("Continue", Continue(item.id)))
    else:
        found.append(("Edit…", Edit(item.id)))
    found.append(("Branch from here", Branch(item.id)))
    if item.version > 1:
        found.append(("Previous version", SwitchVersion(item.id, -1)))
    if item.version < item.versions:
        found.append(("Next version", SwitchVersion(item.id, 1)))
    return [*found, None, ("Delete", Delete(item.id))]


def message_menu(
    parent: QWidget,
    found: list[Entry],
    do: Callable[[Deed], None],
    copy_selection: Callable[[], None] | None,
) -> QMenu:
    menu = QMenu(parent)
    if copy_selection:
        action = menu.addAction("Copy")
        action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        action.triggered.connect(lambda _checked=False: copy_selection())
        menu.addSeparator()
    for entry in found:
        if entry is None:
            menu.addSeparator()
            continue
        label, deed = entry
        menu.addAction(label).triggered.connect(lambda _checked=False, deed=deed: do(deed))
    return menu
