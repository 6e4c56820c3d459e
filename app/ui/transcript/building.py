"""Items to blocks: what a message consists of, from recalled quotes down to its footer.

Main thread. Text is cut into blocks greedily from its start, so a longer text has the same blocks
as a shorter one but for the last: that is what lets streaming keep the blocks it has.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import chain

import msgspec

from app.ui.transcript.blocks import Block
from app.ui.transcript.capped import SHOW_ANYWAY, CappedCard, PlainText
from app.ui.transcript.cards import CodeCard
from app.ui.transcript.chrome import Attached, Fold, Footer, Notice, Progress, WindLine
from app.ui.transcript.deeds import Toggle
from app.ui.transcript.formats import Look
from app.ui.transcript.formulas import Typesetter
from app.ui.transcript.items import (
    AnswerCalls,
    Continue,
    Item,
    ItemId,
    MessageItem,
    Regenerate,
    ToolCard,
    WindItem,
    seconds,
)
from app.ui.transcript.leaves import (
    Capped,
    Code,
    Formula,
    Group,
    Inside,
    Leaf,
    Span,
    Table,
    Text,
    same_start,
    shared_quotes,
)
from app.ui.transcript.lexing import Lexers
from app.ui.transcript.markdown import parse
from app.ui.transcript.pieces import Samples, in_pieces
from app.ui.transcript.prose import Prose
from app.ui.transcript.tables import Columns, TableBlock, Tables

_FLOW_LEAVES = 24  # paragraphs in one document: a long list is several
_FLOW_LENGTH = 240  # characters after which the next leaf starts a new document
REASONING = "reasoning"
_TOOL_WORDS = {
    "waiting": "waits for you",
    "running": "running…",
    "done": "done",
    "declined": "not allowed",
}


class Means(msgspec.Struct):
    """What building needs beside the item."""

    look: Look
    quiet: Look
    typesetter: Typesetter
    lexers: Lexers
    tables: Tables
    scale: float  # of the screen
    opened: Callable[[ItemId], set[str]]


def chunks(groups: Iterable[Group]) -> list[tuple[Leaf, ...]]:
    """The leaves of each visual block: a card alone, small flowing leaves a few together."""
    return _chunks(in_pieces(chain.from_iterable(groups)))


def _chunks(leaves: Iterable[Leaf]) -> list[tuple[Leaf, ...]]:
    found: list[tuple[Leaf, ...]] = []
    flow: list[Leaf] = []
    length = 0
    for leaf in leaves:
        alone = isinstance(leaf, (Code, Table, Formula, Capped))
        if flow and (alone or len(flow) == _FLOW_LEAVES or length > _FLOW_LENGTH):
            found.append(tuple(flow))
            flow, length = [], 0
        if alone:
            found.append((leaf,))
        else:
            flow.append(leaf)
            length += sum(len(s.text) for s in leaf.spans) if isinstance(leaf, Text) else 0
    return [*found, tuple(flow)] if flow else found


def text_block(leaves: tuple[Leaf, ...], item: ItemId, name: str, means: Means) -> Block:
    match leaves[0]:
        case Code(plain=True):
            return PlainText(means.look, leaves[0])
        case Code():
            return _code_card(leaves[0], item, name, means)
        case Table():
            return _table(leaves[0], item, means)
        case Capped() if SHOW_ANYWAY in means.opened(item):
            whole = Code(leaves[0].text, within=leaves[0].within, plain=True)
            return PlainText(means.look, whole)
        case Capped():
            return CappedCard(means.look, leaves[0], item)
        case _:
            return Prose(means.look, leaves, means.typesetter, means.scale)


def _table(leaf: Table, item: ItemId, means: Means) -> TableBlock:
    def made(leaf: Table) -> TableBlock:
        return TableBlock(means.look, leaf, means.typesetter, means.scale, shared)

    def shared(sample: Table) -> Columns:
        name = (item, means.look.muted, sample)
        return means.tables.columns(name, lambda: made(sample))

    return made(leaf)


def _code_card(leaf: Code, item: ItemId, name: str, means: Means) -> CodeCard:
    def toggle(what: str) -> Toggle:
        return Toggle(item, f"{what}:{name}")

    opened = means.opened(item)
    chosen = frozenset(what for what in ("wrap", "whole") if toggle(what).what in opened)
    return CodeCard(means.look, leaf, means.lexers, toggle, chosen)


class Flow:
    """The blocks of one text, which may still grow."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.kept = 0  # so many blocks are what they were before the last `follow`
        self._leaves: list[Leaf] = []
        self._samples = Samples()
        self._starts: list[int] = []  # the first leaf of each block
        self._item = ItemId("")
        self._name = ""

    def follow(self, groups: Iterable[Group], item: ItemId, name: str, means: Means) -> list[Block]:
        """The text reads like this now; only blocks from the first new leaf on are looked at."""
        self._item, self._name = item, name
        leaves = in_pieces(chain.from_iterable(groups), self._samples)
        same = same_start(self._leaves, leaves)
        if same == len(leaves) == len(self._leaves):
            self.kept = len(self.blocks)
            return self.blocks
        # A block that ends where the change begins may take in more of it.
        self.kept = max(0, bisect_right(self._starts, same) - 1)
        if self.kept and self._starts[self.kept] == same:
            self.kept -= 1
        start = self._starts[self.kept] if self._starts else 0
        old = self.blocks
        self.blocks, self._starts = old[: self.kept], self._starts[: self.kept]
        self._leaves = leaves
        for number, some in enumerate(_chunks(leaves[start:]), self.kept):
            before = old[number] if number < len(old) else None
            self.blocks.append(self._updated(before, some, number, means))
            self._starts.append(start)
            start += len(some)
        return spaced(self.blocks, self.kept)

    def made(self, number: int, means: Means) -> Block:
        """The block again, from the same leaves."""
        leaves = self.blocks[number].leaves
        self.blocks[number] = self._updated(None, leaves, number, means)
        return self.blocks[number]

    def _updated(
        self, kept: Block | None, leaves: tuple[Leaf, ...], number: int, means: Means
    ) -> Block:
        if kept is not None and kept.leaves == leaves:
            return kept
        if kept is not None and kept.grow(leaves):
            return kept
        return text_block(leaves, self._item, f"{self._name}.{number}", means)


def text_blocks(groups: Iterable[Group], item: ItemId, name: str, means: Means) -> list[Block]:
    return Flow().follow(groups, item, name, means)


def spaced(blocks: list[Block], start: int = 0) -> list[Block]:
    before = blocks[start - 1].leaves[-1] if start else None
    for block in blocks[start:]:
        block.space_before = block.look.space_before(block.leaves[0], before)
        if before is not None:
            block.shared_quotes = shared_quotes(before.within, block.leaves[0].within)
        before = block.leaves[-1]
    return blocks


def head_blocks(item: MessageItem, thought: list[Block], means: Means) -> list[Block]:
    """What comes before the text: recalled passages, then the reasoning."""
    found: list[Block] = []
    opened = means.opened(item.id)
    if item.attachments:
        found.append(Attached(means.quiet, item.attachments))
    if item.quotes:
        count = len(item.quotes)
        many = f"{count} earlier passages" if count > 1 else "an earlier passage"
        found += _fold(item, "quotes", f"Recalled {many}", "quote", means)
        if "quotes" in opened:
            for number, quote in enumerate(item.quotes):
                origin = (Text((Span(quote.origin, italic=True),)),)
                groups = [origin, *quoted(parse(quote.text))]
                found += text_blocks(groups, item.id, f"quote{number}.", quiet(means))
    if item.reasoning:
        thinking = item.live and not item.text
        took = f"Thought for {seconds(item.reasoning_ms)}" if item.reasoning_ms else "Thought"
        found += _fold(item, REASONING, "Thinking…" if thinking else took, "", means)
        found += thought
    return found


def tail_blocks(item: MessageItem, means: Means, *, last: bool) -> list[Block]:
    """What comes after the text: tools, what it waits for or why it ended, the footer."""
    found: list[Block] = []
    for number, tool in enumerate(item.tools):
        found += _tool(item, number, tool, means)
    match item.status:
        case "waiting" | "reading":
            found.append(Progress(means.look, item))
        case "streaming" if not item.text and not item.reasoning:
            found.append(Progress(means.look, item))
        case "failed":
            note = item.note or "The reply could not be finished."
            found.append(Notice(means.look, note, (Regenerate(item.id), "Try again"), bad=True))
        case "stopped":
            more = ((Continue(item.id), "Continue"),) if last and item.text else ()
            found.append(Notice(means.look, item.note or "Stopped.", *more))
        case "asking":
            found.append(_question(item, means))
        case _:
            pass
    quiet_call = item.tools and not item.text and not last and item.versions == 1
    if item.footer and not item.live and not quiet_call:
        found.append(Footer(means.look, item, last=last))
    for block in found:
        block.space_before = means.look.theme.px(2 if isinstance(block, Footer) else 8)
    return found


def _question(item: MessageItem, means: Means) -> Notice:
    names = " and ".join(dict.fromkeys(tool.name for tool in item.tools))
    return Notice(
        means.look,
        f"The model wants to use {names}. May it?",
        (AnswerCalls(item.id, allowed=True), "Allow"),
        (AnswerCalls(item.id, allowed=False), "Don’t allow"),
        icon="tool",
    )


def between(before: Block | None, block: Block) -> float:
    """The first text of a message keeps its distance from what is folded above it."""
    apart = before and not block.space_before and not block.continues
    return block.look.theme.px(12) if apart else block.space_before


def wind_blocks(item: WindItem, means: Means) -> list[Block]:
    return [WindLine(means.look, item)]


def quoted(groups: Iterable[Group]) -> list[Group]:
    """The same leaves inside a quote: muted, with a bar."""
    inside = Inside("quote")
    return [
        tuple(msgspec.structs.replace(leaf, within=(inside, *leaf.within)) for leaf in group)
        for group in groups
    ]


def spoken(item: Item, text: str) -> str:
    """The item in words, for screen readers; `text` may be only its first part."""
    if isinstance(item, WindItem):
        return item.label
    if not item.footer:
        return text  # nobody said it
    who = {"user": "You", "assistant": "Assistant", "system": "System"}[item.role]
    carried = [f"Attached: {each.name}" for each in item.attachments]
    tools = [f"{tool.name}: {_TOOL_WORDS[tool.status]}" for tool in item.tools]
    return f"{who}: " + "\n".join(part for part in (*carried, text, *tools, item.note) if part)


def quiet(means: Means) -> Means:
    return msgspec.structs.replace(means, look=means.quiet)


def _fold(item: MessageItem, what: str, label: str, icon: str, means: Means) -> list[Block]:
    opened = what in means.opened(item.id)
    fold = Fold(means.look, Toggle(item.id, what), label, icon, opened)
    return [fold]


def _tool(item: MessageItem, number: int, tool: ToolCard, means: Means) -> list[Block]:
    what = f"tool{number}"
    found = _fold(item, what, f"{tool.name} · {_TOOL_WORDS[tool.status]}", "tool", means)
    if what in means.opened(item.id):
        parts = [(Code(tool.arguments, "json"),)] if tool.arguments else []
        if tool.result:
            parts.append((Code(tool.result),))
        found += text_blocks(parts, item.id, f"{what}.", quiet(means))
    return found
