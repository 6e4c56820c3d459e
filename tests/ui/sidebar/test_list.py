"""The list of chats: groups, folders, pin, archive, trash with undo, rename, marks."""

import time

from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit

from app.chat.events import ConversationChanged
from app.storage import conversations, folders
from app.ui.events import FoldersChanged
from app.ui.sidebar.library import PAGE
from app.ui.sidebar.model import MIME, ROW

DAY = 86_400_000


def chosen(desk, title):
    model = desk.window.sidebar.model
    index = model.index(desk.titles().index(title))
    desk.window.sidebar.list.setCurrentIndex(index)
    return index


def click(desk, title):
    view = desk.window.sidebar.list
    where = view.visualRect(chosen(desk, title)).center()
    desk.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    desk.settle()


def entry(desk, title, label):
    view = desk.window.sidebar.list
    menu = view.menu_for(chosen(desk, title))
    next(each for each in menu.actions() if each.text() == label).trigger()
    desk.settle()


def test_chats_stand_under_their_dates(desk):
    now = time.time_ns() // 1_000_000
    for title, days in (("a", 0), ("b", 1), ("c", 4), ("d", 90)):
        desk.chat(title, updated_ms=now - days * DAY)
    desk.window.sidebar.model.reload()
    desk.settle()
    assert desk.titles() == [
        "Today", "a", "Yesterday", "b", "Previous 7 days", "c", "Older", "d",
    ]  # fmt: skip


def test_a_click_opens_a_chat_and_new_chat_leaves_it(desk):
    chat = desk.chat("Tea")
    desk.window.sidebar.model.reload()
    desk.settle()
    click(desk, "Tea")
    assert desk.window.current.conversation == chat.id
    desk.qtbot.mouseClick(desk.window.sidebar.new_button, Qt.MouseButton.LeftButton)
    assert desk.window.current.conversation is None


def test_pin_brings_a_chat_to_the_top(desk):
    desk.chat("Tea", updated_ms=1)
    desk.chat("Coffee")
    desk.window.sidebar.model.reload()
    desk.settle()
    entry(desk, "Tea", "Pin")
    assert desk.titles()[:2] == ["Pinned", "Tea"]
    entry(desk, "Tea", "Unpin")
    assert "Pinned" not in desk.titles()


def test_trash_by_key_and_back_by_undo(desk):
    chat = desk.chat("Tea")
    desk.window.sidebar.model.reload()
    desk.settle()
    click(desk, "Tea")
    desk.qtbot.keyClick(desk.window.sidebar.list, Qt.Key.Key_Delete)
    desk.settle()
    assert "Tea" not in desk.titles()
    assert desk.window.current.conversation is None
    assert "trash" in desk.window.notes.text
    desk.qtbot.mouseClick(desk.window.notes.button, Qt.MouseButton.LeftButton)
    desk.settle()
    assert "Tea" in desk.titles()
    assert desk.get(chat.id).place == "chats"


def test_archive_and_trash_can_be_looked_at_and_left(desk):
    desk.chat("Tea")
    desk.chat("Coffee")
    desk.window.sidebar.model.reload()
    desk.settle()
    entry(desk, "Tea", "Archive")
    desk.window.sidebar.show_archive.trigger()
    desk.settle()
    assert desk.titles() == ["Archive", "Tea"]
    entry(desk, "Tea", "Back from the archive")
    assert desk.titles() == ["Archive", "Nothing here"]
    desk.window.sidebar.show_chats.trigger()
    desk.settle()
    assert set(desk.titles()) == {"Today", "Tea", "Coffee"}


def test_rename_in_place(desk):
    chat = desk.chat("Tea")
    desk.window.sidebar.model.reload()
    desk.settle()
    click(desk, "Tea")
    desk.qtbot.keyClick(desk.window.sidebar.list, Qt.Key.Key_F2)
    field = desk.window.sidebar.list.findChild(QLineEdit)
    field.selectAll()
    desk.qtbot.keyClicks(field, "Green tea")
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)
    desk.settle()
    assert desk.get(chat.id).title == "Green tea"
    assert "Green tea" in desk.titles()


def field_for(desk, title):
    chosen(desk, title)
    desk.window.sidebar.list.setFocus()
    desk.qtbot.keyClick(desk.window.sidebar.list, Qt.Key.Key_F2)
    return the_field(desk)


def the_field(desk):
    desk.qtbot.waitUntil(lambda: len(desk.window.sidebar.list.findChildren(QLineEdit)) == 1)
    return desk.window.sidebar.list.findChild(QLineEdit)


def title_now(desk, chat, title):
    desk.db.write(lambda tx: conversations.rename(tx, chat, title)).result(5)
    desk.bridge.post(ConversationChanged(conversation=chat))
    desk.settle()


def test_a_name_being_typed_survives_the_reply_and_the_row_that_moves(desk):
    tea = desk.chat("Tea", "Which?", updated_ms=1)
    desk.chat("Coffee")
    desk.window.sidebar.model.reload()
    desk.settle()
    reply = desk.begin_reply(tea.id)
    before = desk.titles()
    field = field_for(desk, "Tea")
    desk.qtbot.keyClicks(field, "Green ")
    desk.window.sidebar.model.dataChanged.emit(*[desk.window.sidebar.list.currentIndex()] * 2)
    desk.end_reply(reply, "Green.")
    title_now(desk, tea.id, "Kinds of tea")
    late = desk.chat("Late")
    title_now(desk, late.id, "Later")
    assert desk.titles() == before
    assert field.isVisible()
    desk.qtbot.keyClicks(field, "tea")
    assert field.text() == "Green tea"
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)
    desk.settle()
    assert desk.get(tea.id).title == "Green tea"
    assert {"Green tea", "Later"} < set(desk.titles())
    assert desk.window.current.conversation is None  # Return named the chat and opened none


def test_a_name_not_yet_typed_stays_selected_when_the_reply_ends(desk):
    tea = desk.chat("Tea", "Which?")
    desk.window.sidebar.model.reload()
    desk.settle()
    reply = desk.begin_reply(tea.id)
    field = field_for(desk, "Tea")
    desk.end_reply(reply, "Green.")
    assert field.selectedText() == "Tea"


def test_a_name_given_up_shows_what_came_meanwhile(desk):
    tea = desk.chat("Tea", "Which?")
    desk.window.sidebar.model.reload()
    desk.settle()
    field = field_for(desk, "Tea")
    desk.qtbot.keyClicks(field, "Green")
    title_now(desk, tea.id, "Kinds of tea")
    desk.qtbot.keyClick(field, Qt.Key.Key_Escape)
    desk.settle()
    assert desk.titles() == ["Today", "Kinds of tea"]
    assert desk.get(tea.id).title == "Kinds of tea"


def test_another_place_is_shown_while_a_name_is_typed(desk):
    desk.chat("Tea")
    desk.window.sidebar.model.reload()
    desk.settle()
    desk.qtbot.keyClicks(field_for(desk, "Tea"), "Green")
    desk.window.sidebar.show_trash.trigger()
    desk.settle()
    assert desk.titles() == ["Trash", "Nothing here"]


def test_rename_in_the_menu_means_the_chat_it_was_opened_for(desk):
    now = time.time_ns() // 1_000_000
    for title, age in (("A", 3), ("B", 2), ("C", 1)):
        desk.chat(title, "Why?", updated_ms=now - age * 60_000)
    desk.window.sidebar.model.reload()
    desk.settle()
    view, model = desk.window.sidebar.list, desk.window.sidebar.model
    menu = view.menu_for(chosen(desk, "B"))
    before = desk.titles()
    late = next(model.data(model.index(at), ROW) for at, name in enumerate(before) if name == "A")
    desk.begin_reply(late.chat.id)
    assert desk.titles().index("B") != before.index("B")
    next(each for each in menu.actions() if each.text() == "Rename").trigger()
    assert the_field(desk).text() == "B"


def test_folders_nest_open_and_take_dropped_chats(desk):
    chat = desk.chat("Tea")
    outer = desk.db.write(lambda tx: folders.create(tx, "Kitchen")).result(5)
    inner = desk.db.write(lambda tx: folders.create(tx, "Drinks", outer.id)).result(5)
    desk.window.sidebar.model.reload()
    desk.settle()
    assert desk.titles() == ["Folders", "Kitchen", "Today", "Tea"]
    click(desk, "Kitchen")
    assert desk.titles()[:3] == ["Folders", "Kitchen", "Drinks"]
    view = desk.window.sidebar.list
    data = QMimeData()
    data.setData(MIME, f"chat:{chat.id}".encode())
    where = QPointF(view.visualRect(chosen(desk, "Drinks")).center())
    held = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(where.toPoint(), Qt.DropAction.MoveAction, data, *held)
    QApplication.sendEvent(view.viewport(), enter)
    drop = QDropEvent(where, Qt.DropAction.MoveAction, data, *held)
    QApplication.sendEvent(view.viewport(), drop)
    desk.settle()
    assert desk.get(chat.id).folder_id == inner.id
    click(desk, "Drinks")
    assert desk.titles() == ["Folders", "Kitchen", "Drinks", "Tea"]


def test_an_open_folder_keeps_its_old_chats_when_folders_change(desk):
    now = time.time_ns() // 1_000_000
    folder = desk.db.write(lambda tx: folders.create(tx, "Kitchen")).result(5)
    old = desk.chat("Old tea", updated_ms=now - 900 * DAY)
    desk.db.write(lambda tx: conversations.move(tx, old.id, folder.id)).result(5)

    def fill(tx):
        for number in range(PAGE + 1):
            conversations.create(tx, f"chat {number}")

    desk.db.write(fill).result(5)
    desk.window.sidebar.model.reload()
    desk.settle()
    click(desk, "Kitchen")
    assert "Old tea" in desk.titles()
    desk.bridge.post(FoldersChanged())
    desk.settle()
    assert "Old tea" in desk.titles()


def test_streaming_and_unread_marks(desk):
    chat, other = desk.chat("Tea", "Which?"), desk.chat("Coffee", "Why?")
    desk.window.sidebar.model.reload()
    desk.window.current.open(other.id)
    desk.settle()
    model = desk.window.sidebar.model
    reply = desk.begin_reply(chat.id)
    assert model.mark(chat.id) == "streaming"
    desk.end_reply(reply, "Green.")
    assert model.mark(chat.id) == "unread"
    spoken = model.data(model.index_of(("chat", chat.id)), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Tea, unread"
    click(desk, "Tea")
    assert model.mark(chat.id) == ""


def test_the_focused_row_keeps_its_focus_when_rows_move(desk):
    desk.chat("Tea", "a", updated_ms=1)
    coffee = desk.chat("Coffee", "b", updated_ms=2)
    desk.window.sidebar.model.reload()
    desk.settle()
    chosen(desk, "Coffee")
    desk.begin_reply(coffee.id)
    current = desk.window.sidebar.list.currentIndex()
    assert current.isValid()
    assert current.data() == "Coffee"


def test_without_the_keyboard_in_the_list_its_verbs_mean_the_chat_on_screen(desk):
    one, two = desk.chat("One"), desk.chat("Two")
    desk.window.sidebar.model.reload()
    desk.settle()
    click(desk, "One")
    desk.window.current.open(two.id)
    desk.window.composer.editor.setFocus()
    desk.settle()
    desk.window.sidebar.trash.trigger()
    desk.settle()
    assert (desk.get(one.id).place, desk.get(two.id).place) == ("chats", "trash")


def test_a_chat_in_a_closed_folder_can_be_pinned_from_where_it_is_read(desk):
    chat = desk.chat("Tea")
    folder = desk.db.write(lambda tx: folders.create(tx, "Drinks")).result(5)
    desk.db.write(lambda tx: conversations.move(tx, chat.id, folder.id)).result(5)
    desk.window.sidebar.model.reload()
    desk.settle()
    desk.window.current.open(chat.id)
    desk.settle()
    desk.window.sidebar.pin.trigger()
    desk.settle()
    assert desk.get(chat.id).pinned


def test_what_a_title_names_is_not_loaded_by_its_tooltip(desk):
    desk.chat('What does <img src="x.png"> do?')
    desk.window.sidebar.model.reload()
    desk.settle()
    tip = desk.window.sidebar.model.index(1).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("<qt>What does &lt;img src=&quot;x.png&quot;&gt; do?<br>")


def test_a_click_on_the_chat_that_is_open_leaves_the_settings(desk):
    desk.chat("Tea")
    desk.window.sidebar.model.reload()
    desk.settle()
    click(desk, "Tea")
    desk.window.pages.open("narrative")
    assert desk.window.pages.name == "narrative"
    click(desk, "Tea")
    assert desk.window.pages.name == ""
