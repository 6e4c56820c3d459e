"""A table of any length is one table to the reader, and costs what is seen of it."""

import threading
import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage

from app.ui.transcript import pieces
from app.ui.transcript.copying import written_out
from app.ui.transcript.formulas import Ask, Typesetter
from app.ui.transcript.markdown import parse
from app.ui.transcript.pieces import in_pieces, in_whole, piece_rows
from app.ui.transcript.tables import TableBlock
from tests.ui.transcript.conftest import Hands, answered, said

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
HEAD = "| number | square | what it is |\n|---:|---:|---|\n"
SIZE = piece_rows(3)


def line(number: int) -> str:
    return f"| {number} | {number * number} | said of `{number}` |\n"


def table(rows: int) -> str:
    return HEAD + "".join(map(line, range(rows)))


def turn(work: Callable[[], object]) -> float:
    """Seconds of the main thread's processor time until it is painted."""
    start = time.thread_time()
    work()
    QGuiApplication.processEvents()
    return time.thread_time() - start


def streamed(hands: Hands, source: str) -> list[float]:
    hands.show(said(1, "go"))
    hands.view.begin_stream(answered(2, "", status="waiting", footer=False))

    def show(text: str) -> None:
        hands.view.append(text)
        hands.view.show_now()

    return [turn(lambda text=text: show(text)) for text in source.splitlines(keepends=True)]


def tables(hands: Hands, item: int = 1) -> list[TableBlock]:
    """All pieces, laid out."""
    rows = range(len(hands.view._list.rows_of(str(item))))  # pyright: ignore
    blocks = (block for row in rows for block in hands.row(item, row).text_blocks())
    return [block for block in blocks if isinstance(block, TableBlock)]


def picture(hands: Hands) -> QImage:
    shown = hands.view.viewport().grab().toImage()
    return shown.convertToFormat(QImage.Format.Format_RGB32)


def test_each_row_of_a_thousand_is_a_short_step(hands: Hands) -> None:
    costs = streamed(hands, table(1000))
    costs.append(turn(lambda: hands.view.finish(answered(2, table(1000)))))
    assert len(hands.view._list.gone) == 1000 // SIZE  # what the stream was shown with
    early, late = sorted(costs[2 * SIZE : 6 * SIZE]), sorted(costs[-4 * SIZE :])
    assert late[2 * SIZE] < 2 * early[2 * SIZE]
    assert sorted(costs)[-3] < 0.016
    hands.scroll(0)
    hands.settle()
    assert not hands.view._list.gone
    assert sum(len(block.leaves[0].rows) for block in tables(hands, 2)) == 1001  # pyright: ignore


def test_of_two_thousand_finished_rows_only_those_near_are_laid_out(hands: Hands) -> None:
    cost = turn(lambda: hands.view.set_items([answered(1, table(2000))]))
    rows = hands.view._list.rows
    assert sum(row.built for row in rows) < 8
    assert len(rows) == 2000 // SIZE
    again = turn(lambda: hands.view.resize(700, 700))
    alone = turn(lambda: hands.view.set_items([answered(1, table(30))]))
    assert max(cost, again) < 5 * alone


@pytest.mark.parametrize("above", ["", "Words above.\n\n"])
@pytest.mark.parametrize("rows", [SIZE + 1, 3 * SIZE])
def test_pieces_look_like_one_table(
    make_hands: Callable[..., Hands], monkeypatch: pytest.MonkeyPatch, rows: int, above: str
) -> None:
    in_parts = make_hands(height=600)
    in_parts.show(answered(1, f"{above}{table(rows)}\nWords below."))
    assert len(tables(in_parts)) == -(-rows // SIZE)
    monkeypatch.setattr(pieces, "_CELLS", 100_000)
    in_one = make_hands(height=600)
    in_one.show(answered(1, f"{above}{table(rows)}\nWords below."))
    assert len(tables(in_one)) == 1
    heights = [hands.view._list.heights.total for hands in (in_parts, in_one)]
    assert abs(heights[0] - heights[1]) <= 3  # rounded to whole pixels at each seam
    in_parts.scroll(0)
    in_one.scroll(0)
    in_parts.settle()
    in_one.settle()
    assert picture(in_parts) == picture(in_one)


def test_what_streams_looks_like_what_is_finished(hands: Hands) -> None:
    source = table(SIZE + 5)
    streamed(hands, source)
    hands.settle()
    growing = picture(hands)
    hands.view.finish(answered(2, source, footer=False))
    hands.settle()
    assert picture(hands) == growing


def test_all_pieces_are_equally_wide_wherever_the_reader_begins(hands: Hands) -> None:
    hands.show(answered(1, table(2000)))  # from its end: the first piece was never shown
    assert not hands.view._list.rows[0].built
    (last,) = hands.row(1, len(hands.view._list.rows) - 1).text_blocks()
    seen = last._lefts, last._content  # pyright: ignore
    first = tables(hands)[0]
    assert (first._lefts, first._content) == seen


def test_a_wide_cell_far_below_widens_all_of_the_table(hands: Hands) -> None:
    hands.show(answered(1, table(3 * SIZE) + "| 7 | 7 | a wide cell, wider than all above |\n"))
    (wide,) = {block._content for block in tables(hands)}
    hands.show(answered(1, table(3 * SIZE)))
    assert wide > max(block._content for block in tables(hands))


def test_words_right_below_a_long_table_are_a_row_as_wide_as_it(hands: Hands) -> None:
    source = f"{table(3 * SIZE)}Counted twice\n{line(123_456)}\nWords.\n\n{HEAD}{line(1)}"
    hands.show(answered(1, source))
    *blocks, _ = tables(hands)
    assert sum(block._table.rows() for block in blocks) == 1 + 3 * SIZE + 2
    hands.view.set_items([answered(1, f"{table(SIZE // 2)}Counted twice\n{line(123_456)}")])
    (alone,) = tables(hands)
    assert {tuple(block._lefts) for block in blocks} == {tuple(alone._lefts)}


def test_columns_that_move_while_a_table_streams_move_everywhere(hands: Hands) -> None:
    wide = "| 7 | 7 | a wide cell, wider than all of those above |\n"
    streamed(hands, table(6 * SIZE) + wide)
    hands.settle()
    seen = [block._content for block in tables(hands, 2)]
    assert seen[-1] == seen[-2] > seen[0]  # what is in sight, at once
    for number in range(4):
        hands.view.append(line(number))
        hands.view.show_now()
    assert {block._content for block in tables(hands, 2)} == {seen[-1]}
    growing = picture(hands)
    finished = table(6 * SIZE) + wide + "".join(map(line, range(4)))
    hands.view.finish(answered(2, finished, footer=False))
    hands.settle()
    assert picture(hands) == growing


def test_a_long_table_is_copied_as_one(hands: Hands) -> None:
    source = f"Above.\n\n{table(3 * SIZE)}\nBelow."
    hands.show(answered(1, source))
    hands.press(Qt.Key.Key_A, CTRL)
    whole = [leaf for group in parse(source) for leaf in group]
    assert hands.copied() == written_out(whole, "text")
    markdown = QGuiApplication.clipboard().mimeData().data("text/markdown").data().decode()
    assert markdown == written_out(whole, "markdown")


def test_a_selection_from_piece_to_piece_is_copied_as_one(hands: Hands) -> None:
    hands.show(answered(1, table(SIZE + 9)))
    first, second = tables(hands)
    hands.scroll(hands.view.verticalScrollBar().maximum() // 2)
    hands.settle()
    last_row = next(p for p in first.written.pieces if p.cell == (SIZE, 2))
    next_row = next(p for p in second.written.pieces if p.cell == (0, 1))
    start = hands.char_point(1, 0, last_row.start, part=0)
    hands.drag(start, hands.char_point(1, 0, next_row.end, part=1))
    assert hands.copied() == f"\t\tsaid of {SIZE - 1}\n{SIZE}\t{SIZE * SIZE}\t"


def test_every_row_is_found_and_shown(hands: Hands) -> None:
    seen: list[tuple[int, int]] = []
    hands.view.found.connect(lambda at, many: seen.append((at, many)))
    hands.show(answered(1, table(1000)))
    hands.view.find_text("said of 7")
    hands.qtbot.waitUntil(lambda: not hands.view._search._timer.isActive(), timeout=20_000)
    assert seen[-1][1] == 111
    hands.view.find_text("said of 777")
    hands.qtbot.waitUntil(lambda: seen[-1] == (1, 1), timeout=20_000)
    hands.settle()
    spoken = (
        block.spoken
        for number in hands.view._list.visible()
        for block in hands.view._list.rows[number].text_blocks()
    )
    assert any("said of 777" in text for text in spoken)


def test_a_long_table_has_the_keyboard_once_and_is_copied_whole(hands: Hands) -> None:
    hands.show(answered(1, f"{table(2 * SIZE)}\nEnd."))
    hands.press(Qt.Key.Key_Down, ALT)
    hands.press(Qt.Key.Key_Right, ALT)
    focus = hands.view._keys.focus
    assert focus
    assert (focus.part, focus.block) == (0, 0)
    assert hands.copied() == written_out(parse(table(2 * SIZE))[0], "text")
    hands.press(Qt.Key.Key_Right, ALT)
    focus = hands.view._keys.focus
    assert focus
    assert focus.deed


def test_the_second_of_two_long_tables_that_look_alike_is_copied(hands: Hands) -> None:
    first, second = (table(2 * SIZE).replace("| 11 |", f"| {n} |") for n in (1, 2))
    hands.show(answered(1, f"{first}\nAnd\n\n{second}\nEnd."))
    hands.press(Qt.Key.Key_Down, ALT)
    hands.press(Qt.Key.Key_Right, ALT)
    hands.press(Qt.Key.Key_Right, ALT)
    assert hands.copied() == written_out(parse(second)[0], "text")


def test_a_row_that_is_too_long_to_lay_out_is_copied_with_its_table(hands: Hands) -> None:
    hands.show(answered(1, f"{table(2 * SIZE)}| {'long ' * 20_000} |\n{table(4 * SIZE)}\nEnd."))
    hands.press(Qt.Key.Key_Down, ALT)
    hands.press(Qt.Key.Key_Right, ALT)
    copied = hands.copied()
    assert copied.count("long ") > 19_000
    assert f"said of {4 * SIZE - 1}" in copied
    assert "End." not in copied


def test_the_pieces_of_a_wide_table_scroll_sideways_together(hands: Hands) -> None:
    wide = "".join(f"| {'word' * 9} {n} " for n in range(9)) + "|\n"
    hands.show(answered(1, wide + "|-" * 9 + "|\n" + wide * 60))
    first, second, *_ = tables(hands)
    first.scrolled = 120.0
    assert first.overflow > 120
    assert second.scrolled == 120


def test_formulas_in_the_first_piece_widen_all_of_them(hands: Hands) -> None:
    grown = HEAD + "| $x^2$ | 1 | $\\frac{1234567890}{2} + 1234567890$ |\n" + table(SIZE + 6)[60:]
    hands.show(answered(1, grown))
    hands.scroll(0)
    hands.settle()
    first, second = tables(hands)
    assert first._lefts == second._lefts
    assert not first.written.pending
    assert not second.written.pending


def test_a_formula_that_was_drawn_late_widens_pieces_without_one(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_draw, draw = threading.Event(), Typesetter._draw

    def held(typesetter: Typesetter, ask: Ask) -> None:
        may_draw.wait(20)
        draw(typesetter, ask)

    monkeypatch.setattr(Typesetter, "_draw", held)
    formula = "| $\\frac{1234567890}{2} + 1234567890$ | 1 | 2 |\n"
    streamed(hands, HEAD + formula + "".join(map(line, range(SIZE + 6))))
    may_draw.set()
    hands.settle()
    first, second = tables(hands, 2)
    assert first._lefts == second._lefts
    alone = HEAD + formula
    hands.show(answered(3, alone))
    assert tables(hands, 3)[0]._lefts[1] == first._lefts[1]


def test_bars_inside_cells_are_no_columns_of_the_sample(hands: Hands) -> None:
    odd = "| 1 | 2 | one \\| two \\| three, which is a long cell |\n"
    hands.show(answered(1, table(SIZE) + odd * 3))
    pieces_of = tables(hands)
    hands.show(answered(2, HEAD + odd))
    assert {block._content for block in pieces_of} == {tables(hands, 2)[0]._content}


def test_the_keyboard_frames_all_of_a_long_table(hands: Hands) -> None:
    hands.show(answered(1, table(2 * SIZE)))
    hands.press(Qt.Key.Key_Down, ALT)
    hands.press(Qt.Key.Key_Right, ALT)
    hands.scroll(hands.view.verticalScrollBar().maximum())
    hands.settle()
    second = tables(hands)[1]
    at = hands.point(1, second, QPointF(0, second.height / 2), part=1)
    accent = QColor(hands.view._means.look.theme.colors.accent)
    assert picture(hands).pixelColor(at) == accent


def test_the_end_of_a_stream_leaves_the_reader_where_he_is(hands: Hands) -> None:
    streamed(hands, table(20 * SIZE))
    hands.scroll(hands.view.verticalScrollBar().maximum() // 2)
    hands.settle()

    def seen() -> str:
        place = hands.view._surface.place(QPointF(120, 350))
        assert place
        index = hands.view._list.index_of(place.row)
        assert index is not None
        block = hands.view._list.rows[index].blocks[place.block]
        return block.document.findBlock(place.position).text()  # pyright: ignore

    before = int(seen())
    hands.view.finish(answered(2, table(20 * SIZE)))
    hands.settle()
    assert abs(int(seen()) - before) <= 1


def test_what_a_user_said_is_one_bubble(hands: Hands) -> None:
    hands.show(said(1, table(3 * SIZE)))
    (row,) = hands.view._list.rows
    assert len(tables(hands)) == 3
    assert row.bubble
    assert row.bubble.height() > 3 * tables(hands)[0].height * 0.9


@pytest.mark.parametrize("rows", [1, SIZE, SIZE + 1, 7 * SIZE])
def test_pieces_are_the_whole_again(rows: int) -> None:
    whole = parse(table(rows))[0]
    assert in_whole(in_pieces(whole)) == list(whole)
    assert max(len(leaf.rows) for leaf in in_pieces(whole)) <= SIZE + 1  # pyright: ignore


def test_rows_with_too_few_and_too_many_cells_stream_as_well(hands: Hands) -> None:
    odd = "| only one\n|\n| a | b | c | d |\n" * SIZE
    streamed(hands, HEAD + odd)
    assert len(tables(hands, 2)) == 3
    hands.view.finish(answered(2, HEAD + odd))
    hands.settle()
    assert len(tables(hands, 2)) == 3
    streamed(hands, HEAD.replace("|", "", 1) + odd.replace("\n|", "\nx|"))
    hands.settle()
