"""Live search: hits grouped by chat with snippets, and the way to the message."""

from PySide6.QtCore import Qt


def search(desk, text):
    field = desk.window.sidebar.search
    field.setFocus()
    desk.qtbot.keyClicks(field, text)
    desk.qtbot.waitUntil(lambda: not desk.window.sidebar._typed.isActive(), timeout=2000)
    desk.settle()


def test_typing_finds_and_clearing_brings_the_list_back(desk):
    desk.chat("Tea", "Is the oolong tea floral?", "Often, yes.")
    desk.chat("Coffee", "Espresso?")
    desk.window.sidebar.model.reload()
    desk.settle()
    search(desk, "oolong")
    assert desk.titles()[0] == "Tea"
    assert "oolong" in desk.titles()[1]
    assert "Coffee" not in desk.titles()
    desk.qtbot.keyClick(desk.window.sidebar.search, Qt.Key.Key_Escape)
    desk.qtbot.waitUntil(lambda: "Coffee" in desk.titles(), timeout=2000)


def test_nothing_found_says_so(desk):
    search(desk, "zzzz")
    assert desk.titles() == ["No chat says that. Try fewer words."]


def test_a_hit_opens_the_chat_at_the_message(desk):
    said = [f"line {number} " + "filler " * 60 for number in range(80)]
    said[3] = "the needle is here"
    chat = desk.chat("Hay", *said)
    desk.window.sidebar.model.reload()
    desk.settle()
    search(desk, "needle")
    desk.qtbot.keyClick(desk.window.sidebar.search, Qt.Key.Key_Down)
    desk.qtbot.keyClick(desk.window.sidebar.list, Qt.Key.Key_Down)
    desk.qtbot.keyClick(desk.window.sidebar.list, Qt.Key.Key_Return)
    desk.settle()
    assert desk.window.current.conversation == chat.id
    top = desk.window.transcript.top_item
    assert desk.said(int(top)) == "the needle is here"
