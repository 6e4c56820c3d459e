"""What the palette offers: the window's actions, the models, the settings, the chats."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from app.core.ids import ConversationId
from app.storage import conversations, presets, search
from app.storage.database import Database, Tx
from app.storage.presets import StoredPreset
from app.ui.events import ModelChoice
from app.ui.header.panel import Models
from app.ui.palette.matching import Command, best
from app.ui.settings.entries import BESIDE, ENTRIES, TITLES, Entry, Part, Section

T = TypeVar("T")
_RECENT, _PRESETS = 6, 6


def actions(menu: QMenu) -> list[tuple[str, list[QAction]]]:
    """The menu's actions by its groups; what stands beside the groups comes last."""
    groups: list[tuple[str, list[QAction]]] = []
    alone: list[QAction] = []
    for entry in menu.actions():
        inside = entry.menu()
        if isinstance(inside, QMenu):
            found = [
                each
                for each in inside.actions()
                if each.text() and not isinstance(each.menu(), QMenu)
            ]
            groups.append((entry.text(), found))
        elif entry.text():
            alone.append(entry)
    return [*groups, *([("Window", alone)] if alone else [])]


def of_actions(menu: QMenu) -> list[Command]:
    return [
        Command(
            each.text().replace("&", "").rstrip("…"),
            "",
            each.trigger,
            each.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
            group.replace("&", ""),
        )
        for group, found in actions(menu)
        for each in found
        if each.isEnabled()
    ]


def of_models(choices: Sequence[ModelChoice], models: Models) -> list[Command]:
    return [
        Command(
            f"Use {choice.name}", "model", _loader(models, choice), choice.detail, choice.detail
        )
        for choice in choices
    ]


def of_settings(
    show_entry: Callable[[Entry], object],
    show_part: Callable[[Part], object],
    show_section: Callable[[Section], object],
) -> list[Command]:
    entries = [
        Command(
            each.label,
            "setting",
            _caller(show_entry, each),
            TITLES[each.section],
            f"{each.help} {each.words} {TITLES[each.section]}",
        )
        for each in ENTRIES
    ]
    parts = [
        Command(
            each.title,
            "settings",
            _caller(show_part, part),
            "" if each.title == TITLES[each.section] else TITLES[each.section],
            f"{each.words} {TITLES[each.section]}",
        )
        for part, each in BESIDE.items()
    ]
    named = {each.title for each in parts}
    sections = [
        Command(title, "settings", _caller(show_section, section))
        for section, title in TITLES.items()
        if title not in named
    ]
    return [*entries, *parts, *sections]


def find_stored(
    db: Database,
    open_chat: Callable[[ConversationId], object],
    use_preset: Callable[[StoredPreset], object] | None = None,
) -> "Callable[[str], Future[list[Command]]]":
    """Chats, and the presets that the open chat may take."""

    def find(words: str) -> "Future[list[Command]]":
        def read(tx: Tx) -> list[Command]:
            if words.strip():
                groups = search.search(tx, words).groups
                found = [(group.conversation_id, group.title) for group in groups]
            else:
                page = conversations.page(tx, limit=_RECENT)
                found = [(chat.id, chat.title) for chat in page.items]
            chats = [
                Command(title or "Untitled chat", "chat", _caller(open_chat, chat))
                for chat, title in found
            ]
            if use_preset is None or not words.strip():
                return chats
            kept = [
                Command(f"Use preset {one.name}", "preset", _caller(use_preset, one))
                for one in presets.named(tx)
            ]
            return [*best(kept, words, _PRESETS), *chats]

        return db.read(read)

    return find


def _loader(models: Models, choice: ModelChoice) -> Callable[[], None]:
    return lambda: models.load(choice)


def _caller(do: Callable[[T], object], what: T) -> Callable[[], object]:
    return lambda: do(what)
