"""Live search: hits grouped by chat with snippets, and the way to the message."""

from concurrent.futures import Future

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor

from app.chat.meaning import Meaning
from app.chat.sense import Senses
from app.storage.search import Group, Results
from app.ui.sidebar.model import ROW
from app.ui.sidebar.rows import HitRow, below
from app.ui.transcript.blocks import range_rects
from tests.chat.embedding_app import MODEL, Encoder


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


def test_the_field_names_the_filters_and_they_narrow_the_search(desk):
    desk.chat("Tea", "Is the oolong floral?", "The oolong is.")
    told = desk.window.sidebar.search.toolTip()
    for word, hits in (("role:user", 1), ("role:assistant", 1), ("after:2099-01-31", 0)):
        assert word.partition(":")[0] + ":" in told
        desk.window.sidebar.search.clear()
        search(desk, f"oolong {word}")
        assert sum("oolong" in title for title in desk.titles()) == hits
    assert all(f"{key}:" in told for key in ("in", "model", "before"))


def two_chats(desk):
    tea, coffee = desk.chat("Tea", "Is the oolong tea floral?"), desk.chat("Coffee", "Espresso?")
    desk.window.sidebar.model.reload()
    desk.settle()
    assert desk.titles() == ["Today", "Coffee", "Tea"]
    return tea, coffee


def test_return_before_the_pause_opens_the_first_hit_not_the_first_chat(desk):
    tea, _ = two_chats(desk)
    field = desk.window.sidebar.search
    desk.qtbot.keyClicks(field, "oolong")
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)
    desk.settle()
    assert desk.window.current.conversation == tea.id
    assert desk.titles()[0] == "Tea"


def test_return_before_the_answer_waits_for_it(desk):
    tea, coffee = two_chats(desk)
    search(desk, "espresso")
    field, sidebar = desk.window.sidebar.search, desk.window.sidebar
    field.selectAll()
    desk.qtbot.keyClicks(field, "oolong")
    sidebar._typed.stop()
    sidebar.model.search(field.text())  # the pause is over, the answer not here
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)
    desk.settle()
    assert desk.window.current.conversation == tea.id
    field.selectAll()
    desk.qtbot.keyClicks(field, "espresso")
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)
    desk.qtbot.keyClicks(field, "s")  # more is wanted: what was asked before opens nothing
    desk.settle()
    assert desk.window.current.conversation == tea.id != coffee.id


def test_return_in_a_field_just_emptied_brings_the_list_back(desk):
    two_chats(desk)
    search(desk, "oolong")
    field = desk.window.sidebar.search
    field.clear()
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)
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


# ---------------------------------------------------------------- by meaning


@pytest.fixture
def encoder(desk):
    """Vectors for every chat that a test makes by `embed`, and a window that asks for them."""
    encoder = Encoder()
    desk.senses = Senses(encoder, lambda: MODEL)
    desk.window.close()
    desk.open()
    return encoder


def embed(desk, encoder):
    meaning = Meaning(desk.db, encoder, lambda: MODEL)
    meaning.catch_up()
    meaning._thread.submit(lambda: None).result(20)
    meaning.close()
    desk.window.sidebar.model.reload()
    desk.settle()


def hits(desk):
    model = desk.window.sidebar.model
    return [model.index(at).data(ROW) for at in range(model.rowCount())]


def is_hit(row):
    return isinstance(row, HitRow)


def test_what_shares_no_word_comes_after_a_moment_and_is_marked(desk, encoder):
    desk.chat("July", "We rented a cottage by the sea.")
    desk.chat("Work", "The overseas office is closed.")
    embed(desk, encoder)
    encoder.holds = True
    search(desk, "overseas")
    assert desk.titles() == ["Work", "The overseas office is closed."]
    encoder.release()
    desk.qtbot.waitUntil(lambda: "July" in desk.titles(), timeout=3000)
    marked = {row.text: row.meant for row in hits(desk) if row.message is not None}
    assert marked == {
        "The overseas office is closed.": False,
        "We rented a cottage by the sea.": True,
    }
    model = desk.window.sidebar.model
    last = model.index(model.rowCount() - 1)
    assert last.data(Qt.ItemDataRole.ToolTipRole) == "Found by its meaning"
    spoken = last.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "We rented a cottage by the sea., found by its meaning"
    desk.qtbot.keyClick(desk.window.sidebar.search, Qt.Key.Key_Escape)
    desk.qtbot.waitUntil(lambda: not any(map(is_hit, hits(desk))), timeout=2000)
    assert "Work" in desk.titles()


def test_a_question_that_was_typed_over_changes_nothing(desk, encoder):
    desk.chat("July", "We rented a cottage by the sea.")
    desk.chat("Work", "Taxes are due.")
    embed(desk, encoder)
    encoder.holds = True
    search(desk, "overseas")
    desk.qtbot.waitUntil(lambda: encoder.asked[-1].priority == "interactive", timeout=3000)
    search(desk, "x")  # overseasx
    desk.window.sidebar.search.setText("taxes")
    desk.qtbot.waitUntil(lambda: "Work" in desk.titles(), timeout=3000)
    encoder.release()
    desk.qtbot.wait(400)
    assert desk.titles() == ["Work", "Taxes are due."]


def test_an_answer_to_an_older_question_changes_nothing(desk, monkeypatch):
    desk.chat("Work", "Taxes are due.")
    desk.window.sidebar.model.reload()
    asked = []

    def later(text):
        asked.append((text, Future()))
        return asked[-1][1]

    monkeypatch.setattr(desk.window.sidebar.model._library, "search_by_meaning", later)
    search(desk, "tax")
    desk.qtbot.waitUntil(lambda: len(asked) == 1, timeout=3000)
    search(desk, "es")
    desk.qtbot.waitUntil(lambda: len(asked) == 2, timeout=3000)
    assert [text for text, _ in asked] == ["tax", "taxes"]
    asked[0][1].set_result(Results((Group(9, "Old", (), 0, (), 0),), False))
    desk.qtbot.wait(30)
    assert desk.titles() == ["Work", "Taxes are due."]
    asked[1][1].set_result(Results((Group(9, "New", (), 0, (), 0),), False))
    desk.qtbot.waitUntil(lambda: desk.titles() == ["New"], timeout=2000)


def test_the_list_does_not_move_under_a_chosen_row(desk, encoder):
    desk.chat("July", "We rented a cottage by the sea.", "The sea was calm.")
    for number in range(3):  # the encoder of these tests does not read capitals: words alone
        desk.chat(f"Work {number}", "The OVERSEAS office is closed.")
    embed(desk, encoder)
    encoder.holds = True
    search(desk, "overseas")
    desk.qtbot.keyClick(desk.window.sidebar.search, Qt.Key.Key_Down)
    desk.qtbot.keyClick(desk.window.sidebar.list, Qt.Key.Key_Down)
    before, list_ = desk.titles(), desk.window.sidebar.list
    chosen, place = list_.currentIndex().data(), list_.visualRect(list_.currentIndex()).topLeft()
    encoder.release()
    desk.qtbot.waitUntil(lambda: "July" in desk.titles(), timeout=3000)
    assert desk.titles()[: len(before)] == before
    assert list_.currentIndex().data() == chosen
    assert list_.visualRect(list_.currentIndex()).topLeft() == place != QPoint()


def test_an_embedder_that_fails_leaves_what_words_found(desk, encoder):
    desk.chat("July", "We rented a cottage by the sea.")
    embed(desk, encoder)
    encoder.fails = True
    search(desk, "cottage")
    desk.qtbot.waitUntil(lambda: encoder.asked[-1].priority == "interactive", timeout=3000)
    desk.settle()
    assert desk.titles() == ["July", "We rented a cottage by the sea."]


def test_what_is_new_goes_under_what_is_shown():
    one, two, three = (Group(id_, str(id_), (), 0, (), 0) for id_ in (1, 2, 3))
    seen, found = Results((one, two), False), Results((three, two, one), True)
    assert below(seen, found) == Results((one, two, three), True)


# ---------------------------------------------------------------- what was found, in the chat


def open_hit(desk, text, question):
    """The first hit that has this text, clicked."""
    desk.window.sidebar.model.reload()
    desk.settle()
    search(desk, question)
    model, list_ = desk.window.sidebar.model, desk.window.sidebar.list
    rows = (model.index(at) for at in range(model.rowCount()))
    index = next(at for at in rows if text in (at.data() or "") and at.data(ROW).message)
    desk.qtbot.mouseClick(
        list_.viewport(), Qt.MouseButton.LeftButton, pos=list_.visualRect(index).center()
    )
    desk.settle()


def marked(desk):
    """The words that are highlighted on the page, as they are painted."""
    transcript = desk.window.transcript
    found = []
    for number in transcript._list.visible():
        row = transcript._list.rows[number]
        for block in row.text_blocks():
            ranges, _ = transcript._search.highlights(row, block)
            found += [block.document.toRawText()[start:end] for start, end in ranges]
    return found


def has_match_color(desk):
    image = desk.window.transcript.viewport().grab().toImage()
    wanted = QColor(desk.window.look.theme.colors.match)
    return any(
        image.pixelColor(x, y) == wanted
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    )


SAID = ("Where grow zebras?", "The **Zebra** grows in café gardens; zebrafish too. A garden.")


def test_a_hit_shows_the_words_that_were_found(desk):
    desk.chat("Garden", *SAID, "zebra, please", "Yes.")
    assert not has_match_color(desk)
    open_hit(desk, "café gardens", "cafe zebra gard")
    assert marked(desk) == ["Zebra", "café", "gardens", "garden"]  # in this message alone
    assert has_match_color(desk)


@pytest.mark.parametrize(
    "way", ["click", "escape", "escape in the list", "chat", "search", "write"]
)
def test_the_words_are_marked_until_the_reader_turns_to_something_else(desk, way):
    other = desk.chat("Other", "zebra as well?")
    garden = desk.chat("Garden", *SAID)
    open_hit(desk, "café gardens", "zebra")
    assert marked(desk)
    window, press = desk.window, desk.qtbot.keyClick
    match way:
        case "click":
            port = window.transcript.viewport()
            desk.qtbot.mouseClick(port, Qt.MouseButton.LeftButton, pos=QPoint(40, 40))
        case "escape":
            press(window.transcript, Qt.Key.Key_Escape)
        case "escape in the list":
            press(window.sidebar.list, Qt.Key.Key_Escape)
            assert window.sidebar.search.text() == ""
        case "chat":
            window.current.open(other.id)
            desk.settle()
            assert marked(desk) == []
            window.current.open(garden.id)
            desk.settle()
        case "search":
            press(window.sidebar.search, Qt.Key.Key_S)
        case "write":
            press(window.composer.editor, Qt.Key.Key_Escape)
    assert marked(desk) == []
    desk.qtbot.waitUntil(lambda: not window.sidebar._typed.isActive(), timeout=2000)
    desk.settle()
    assert not has_match_color(desk)


def test_a_hit_far_down_in_a_long_message_is_brought_into_view(desk):
    long = "\n\n".join([*(f"line {n} of a garden" for n in range(300)), "a zebra in the garden"])
    desk.chat("Long", "Tell me.", f"{long}\n\n" + "more\n\n" * 300, "Thanks.", "Bye.")
    open_hit(desk, "garden", "garden zebra")
    transcript = desk.window.transcript
    place = transcript.viewport().rect()
    row, block = next(
        (row, block)
        for row in map(transcript._list.rows.__getitem__, transcript._list.visible())
        for block in row.text_blocks()
        if "zebra" in block.spoken
    )
    at = block.document.toRawText().index("zebra")
    (box,) = range_rects(block.document, at, at + 5)
    index = transcript._list.index_of(row.key)
    corner = transcript._surface.row_corner(index) + QPointF(block.left, block.top)
    assert place.contains((corner + block.origin + box.topLeft()).toPoint())
    assert "zebra" in marked(desk)


def test_find_in_the_chat_takes_the_place_of_what_was_found(desk):
    desk.chat("Garden", *SAID)
    open_hit(desk, "café gardens", "zebra")
    desk.qtbot.keyClick(desk.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    desk.qtbot.keyClicks(desk.window.find_bar.field, "grow")
    desk.qtbot.waitUntil(lambda: desk.window.find_bar.count.text() == "1 of 2")
    assert marked(desk) == ["grow", "grow"]


def test_a_hit_by_meaning_marks_nothing_that_was_not_said(desk, encoder):
    desk.chat("July", "We rented a cottage by the sea.")
    embed(desk, encoder)
    search(desk, "overseas")
    desk.qtbot.waitUntil(lambda: "July" in desk.titles(), timeout=3000)
    desk.qtbot.keyClick(desk.window.sidebar.search, Qt.Key.Key_Down)
    desk.qtbot.keyClick(desk.window.sidebar.list, Qt.Key.Key_Down)
    desk.qtbot.keyClick(desk.window.sidebar.list, Qt.Key.Key_Return)
    desk.settle()
    assert desk.window.transcript.top_item is not None
    assert marked(desk) == []
