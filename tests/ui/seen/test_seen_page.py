"""What the model sees: the exact split behind the meter, and each message's fate."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from app.chat.seen import Account, SeenMessage
from app.storage import messages
from app.ui.events import ModelChanged, ModelReady
from tests.ui.header.test_header import GEMMA, INFO


def test_the_meter_opens_the_exact_split(desk):
    chat = desk.chat("Trip", "Where?", "Lisbon.", "When?", "In May.")
    path = desk.db.read(lambda tx: messages.path(tx, chat.id)).result(5)
    fates = ("narrated", "recalled", "verbatim", "excerpted")
    desk.told.counted = Account(
        chat_ctx=4096, reserve=400, system=90, tools=10, narrative=150, ledger=50, exact=True,
        messages=tuple(
            SeenMessage(stored.id, fate, number * 100)
            for number, (stored, fate) in enumerate(zip(path, fates, strict=True))
        ),
    )  # fmt: skip
    desk.bridge.post(ModelChanged(ModelReady(GEMMA, INFO)))
    desk.window.current.open(chat.id)
    desk.settle()
    desk.qtbot.mouseClick(desk.window.header.meter, Qt.MouseButton.LeftButton)
    desk.settle()
    page = desk.window.pages.currentWidget()
    assert desk.window.pages.name == "seen"
    assert page.lead.text().startswith("900 of 4,096 tokens would be sent now; 400 are kept")
    said = {label.text() for label in page.findChildren(QLabel)}
    assert {"90 tokens", "10 tokens", "150 tokens", "50 tokens", "100 tokens"} <= said
    table = page.table
    rows = [
        tuple(table.topLevelItem(n).text(column) for column in range(3))
        for n in range(table.topLevelItemCount())
    ]
    assert rows == [
        ("You: Where?", "In the narrative", ""),
        ("Reply: Lisbon.", "Quoted back", "100"),
        ("You: When?", "As it was said", "200"),
        ("Reply: In May.", "In part: it is too long", "300"),
    ]
    table.setFocus()
    table.setCurrentItem(table.topLevelItem(2))
    desk.qtbot.keyClick(table, Qt.Key.Key_Return)
    desk.settle()
    assert desk.window.pages.name == ""
    assert desk.window.current.place.message == path[2].id


def test_without_a_model_there_is_no_account(desk):
    chat = desk.chat("Tea", "Which?")
    desk.window.current.open(chat.id)
    desk.qtbot.keyClick(desk.window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    desk.settle()
    page = desk.window.pages.currentWidget()
    assert not page.table.isVisible()
    assert "model loaded" in page.lead.text()
