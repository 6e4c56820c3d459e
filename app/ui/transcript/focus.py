"""The keyboard's place: a message, or something inside it that can be activated or copied.

Pure but for reading blocks. Alt+Up and Alt+Down step through messages, Alt+Left and Alt+Right
through what a message offers; the arrow keys alone keep scrolling.
"""

import msgspec

from app.ui.transcript.blocks import Block
from app.ui.transcript.capped import CappedCard
from app.ui.transcript.cards import CodeCard
from app.ui.transcript.deeds import Deed, ShowLink
from app.ui.transcript.items import ItemId
from app.ui.transcript.rows import Row
from app.ui.transcript.tables import TableBlock

_CARDS = (CodeCard, TableBlock, CappedCard)


class Focus(msgspec.Struct, frozen=True):
    """`block` and `deed` say what inside the message; without them it is the message itself."""

    item: ItemId
    part: int = 0
    block: int | None = None
    deed: Deed | None = None


def stops(rows: list[Row]) -> list[Focus]:
    """Everything inside one item that can have the keyboard, in reading order."""
    found = [Focus(rows[0].key.item)]
    for row in rows:
        for number, block in enumerate(row.blocks):
            if isinstance(block, _CARDS) and not block.continues:
                found.append(Focus(row.key.item, row.key.part, number))
            key = row.key
            found += [Focus(key.item, key.part, number, link) for link in _links(block)]
            found += [Focus(key.item, key.part, number, s.deed) for s in block.spots() if s.enabled]
    return found


def _links(block: Block) -> list[ShowLink]:
    return [
        ShowLink(piece.span.href, piece.start, piece.end)
        for piece in block.written.pieces
        if piece.span.href
    ]


def stepped(rows: list[Row], focus: Focus, step: int) -> Focus:
    """The next stop; the ends hold."""
    known = stops(rows)
    # A rebuilt row may offer other things: start again from the message itself then.
    at = known.index(focus) if focus in known else 0
    return known[max(0, min(len(known) - 1, at + step))]


def block_of(rows: list[Row], focus: Focus) -> Block | None:
    if focus.block is None:
        return None
    row = next((row for row in rows if row.key.part == focus.part), None)
    return row.blocks[focus.block] if row and focus.block < len(row.blocks) else None
