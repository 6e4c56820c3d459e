"""A document that is read: all of it, from its top, and never much of it in one turn."""

from itertools import pairwise

import pytest

from app.ui.theme import theme
from app.ui.transcript.items import ItemId, MessageItem
from app.ui.transcript.reader import Reader

SECTION = """## Water {0}

The tea needs [water]({0}) and `time`.

- hot
- soft

| Leaf | Minutes |
|---|---|
| green | 3 |

"""
LONG = "# Tea\n\n" + "".join(SECTION.format(number) for number in range(40))


@pytest.fixture
def reader(qtbot):
    reader = Reader(theme("light"))
    qtbot.addWidget(reader)
    reader.resize(600, 400)
    reader.show()
    yield reader
    reader.shutdown()


def shown(reader) -> str:
    return "\n\n".join(reader.spoken.text(at).strip() for at in range(reader.spoken.count()))


def until_shown(qtbot, reader):
    qtbot.waitUntil(lambda: not reader._soon.isActive() and not reader._idle.isActive())


def built(reader) -> int:
    return sum(row.built for row in reader._list.rows)


def test_all_of_it_is_there_in_its_order_and_is_read_from_the_top(qtbot, reader):
    reader.show_text(LONG)
    until_shown(qtbot, reader)
    assert "".join(shown(reader).split()) == "".join(LONG.split())
    bar = reader.verticalScrollBar()
    assert bar.value() == 0
    assert bar.maximum() > 4000
    assert built(reader) < reader.spoken.count() / 2, "what is out of sight is not laid out"


def test_each_turn_lays_out_one_block(qtbot, reader):
    reader.show_text(LONG)
    reader._idle.stop()
    reader._show_more()
    counts = [built(reader)]
    first = reader._list.rows[0].blocks
    while reader._soon.isActive():
        reader._idle.stop()
        reader._show_more()
        counts.append(built(reader))
    assert max(after - before for before, after in pairwise(counts)) == 1
    assert counts[-1] >= 4, "as many as are seen"
    assert reader._list.rows[0].blocks is first, "what stands is not laid out again"


def test_what_was_drawn_out_of_sight_is_built_again_in_idle_time(qtbot, reader):
    reader.show_text(LONG)
    until_shown(qtbot, reader)
    rows, seen = reader._list.rows, reader._list.visible()
    near = [at for at, row in enumerate(rows) if row.built]
    assert set(near) > set(seen)
    for at in near:
        rows[at].blocks[0].written.pending = True  # as while a formula of it is drawn
    reader._errands_done()
    assert all(rows[at].built and not rows[at].pending for at in seen)
    assert not any(rows[at].built for at in near if at not in seen)
    until_shown(qtbot, reader)
    assert all(rows[at].built for at in near)


def test_another_text_takes_the_place_of_one_that_is_still_coming(qtbot, reader):
    reader.show_text(LONG)
    reader._show_more()
    reader.show_text("Coffee.")
    until_shown(qtbot, reader)
    assert shown(reader) == "Coffee."
    reader.show_text("")
    until_shown(qtbot, reader)
    assert reader.spoken.count() == 0


def test_what_a_link_means_may_stand_at_the_end(qtbot, reader):
    reader.show_text("See [the leaf][leaf].\n\nAnd more.\n\n[leaf]: https://example.org/leaf\n")
    until_shown(qtbot, reader)
    pieces = [piece for row in reader._list.rows for block in row.blocks
              for piece in block.written.pieces]  # fmt: skip
    assert "https://example.org/leaf" in [piece.span.href for piece in pieces]


def test_a_piece_carries_only_the_links_it_names(qtbot, reader):
    links = "".join(f"[1.{n}]: https://example.org/{n}\n" for n in range(700))
    text = "".join(f"## [1.{n}]\n\nWords of [it][1.{n}].\n\n" for n in range(400))
    reader.show_text(f"{text}{links}")
    until_shown(qtbot, reader)
    rows = reader._list.rows
    assert sum(len(row.text) for row in rows) < 3 * len(text) + len(links)
    blocks = (block for row in rows[:3] for block in row.blocks)
    shown = {piece.span.href for block in blocks for piece in block.written.pieces}
    assert shown >= {f"https://example.org/{n}" for n in range(3)}


def test_the_blocks_stand_as_far_apart_as_in_one_piece(qtbot, reader):
    text = "# Tea\n\nOne.\n\nTwo.\n\n## Water\n\n- hot\n- soft\n\n```\ncode\n```\n\nThree.\n"
    reader.show_text(text)
    until_shown(qtbot, reader)
    tops = [
        reader._surface.row_rect(at).top() + row.blocks[0].top
        for at, row in enumerate(reader._list.rows)
    ]
    reader.set_items([MessageItem(id=ItemId("x"), role="assistant", text=text, footer=False)])
    _, code, three = (block.top for block in reader._list.rows[0].blocks)
    assert len(tops) == 5
    # Each piece is as high as whole pixels.
    assert tops[3] - tops[0] == pytest.approx(code, abs=3)
    assert tops[4] - tops[0] == pytest.approx(three, abs=3)
