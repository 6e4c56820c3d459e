"""What of a stored conversation is read at once, and the transcript items it becomes.

`read` runs inside a transaction on the database's own thread; the rest is pure. Tool results
belong to the reply that asked for them, recalled passages to the reply they were recalled for.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from app.chat.tools import DECLINED
from app.core.ids import ConversationId, MessageId
from app.core.messages import Message
from app.core.protocol import Stats as Account
from app.storage import documents, messages, recalls, segments
from app.storage.connection import Tx
from app.storage.documents import Attached
from app.storage.messages import StoredMessage
from app.storage.recalls import Quote as Recalled
from app.storage.segments import Segment
from app.ui.transcript.items import (
    Carried,
    Item,
    ItemId,
    MessageItem,
    Quote,
    Stats,
    Status,
    ToolCard,
    WindItem,
)

PAGE = 60
_STATUS: dict[messages.Status, Status] = {
    "complete": "done",
    "length": "stopped",
    "streaming": "waiting",
    "stopped": "stopped",
    "interrupted": "stopped",
    "failed": "failed",
}
_NOTES: dict[messages.Status, str] = {
    "length": "The reply ended at the length limit.",
    "stopped": "You stopped this reply.",
    "interrupted": "The app was closed while this reply was written.",
}


class Line(msgspec.Struct, frozen=True):
    """A segment of the narrative, and how many messages of the branch it stands for."""

    segment: Segment
    messages: int


class Extract(msgspec.Struct, frozen=True):
    """A stretch of a branch, oldest message first, with what belongs to its messages."""

    messages: tuple[StoredMessage, ...] = ()
    attached: tuple[Attached, ...] = ()
    recalled: Mapping[MessageId, tuple[Recalled, ...]] = {}
    lines: tuple[Line, ...] = ()  # of the whole branch


def read(tx: Tx, conversation: ConversationId, newest_first: Sequence[StoredMessage]) -> Extract:
    """The rest of what shows with a page of messages."""
    page = tuple(reversed(newest_first))
    asked = [stored.id for stored in page if stored.message.role == "user"]
    return Extract(
        page,
        tuple(documents.on(tx, asked)),
        _recalled(tx, conversation),
        _lines(tx, conversation),
    )


def reach(tx: Tx, conversation: ConversationId, target: MessageId | None) -> int:
    """How many of the newest messages one must read to have the wanted one among them."""
    if target is None or (leaf := messages.active_leaf(tx, conversation)) is None:
        return PAGE
    branch = messages.branch_ids(tx, leaf)
    return max(PAGE, branch[::-1].index(target) + 20) if target in branch else PAGE


def _recalled(tx: Tx, conversation: ConversationId) -> dict[MessageId, tuple[Recalled, ...]]:
    found: dict[MessageId, tuple[Recalled, ...]] = {}
    for segment in segments.history(tx, conversation):
        found |= recalls.under(tx, segment.id)
    return found


def _lines(tx: Tx, conversation: ConversationId) -> tuple[Line, ...]:
    leaf = messages.active_leaf(tx, conversation)
    standing = segments.on_branch(tx, conversation, leaf) if leaf is not None else []
    if leaf is None or not standing:
        return ()
    at = {id_: number for number, id_ in enumerate(messages.branch_ids(tx, leaf))}
    first = [at.get(segment.first_message_id, 0) for segment in standing]
    last = [at[segment.last_message_id] for segment in standing]
    return tuple(
        Line(segment, end - start + 1)
        for segment, start, end in zip(standing, first, last, strict=True)
    )


# -- items


def items_of(extract: Extract) -> list[Item]:
    """Results whose call is on an older page wait for it: `orphans` names them."""
    attached = _by_message(extract.attached)
    winds = {line.segment.last_message_id: line for line in extract.lines}
    found: list[Item] = []
    for number, stored in enumerate(extract.messages):
        if stored.message.role != "tool":
            following = extract.messages[number + 1 :]
            item = item_of(stored, attached.get(stored.id, ()), results_after(stored, following))
            found.append(_with_recalled(item, stored, extract.recalled))
        if (line := winds.get(stored.id)) is not None:
            found.append(wind_item(line))
    return found


def orphans(extract: Extract) -> tuple[StoredMessage, ...]:
    """Tool results at the start of a page: the call they answer is on the one before."""
    first = next(
        (n for n, stored in enumerate(extract.messages) if stored.message.role != "tool"),
        len(extract.messages),
    )
    return extract.messages[:first]


def results_after(asking: StoredMessage, following: Iterable[StoredMessage]) -> tuple[Message, ...]:
    """What the tools said that this reply asked for, as far as they have."""
    results: list[Message] = []
    for stored in following if asking.message.tool_calls else ():
        if stored.message.role != "tool":
            break
        results.append(stored.message)
    return tuple(results)


def item_of(
    stored: StoredMessage, attached: Sequence[Attached] = (), results: Sequence[Message] = ()
) -> MessageItem:
    message = stored.message
    tools = _tool_cards(message, results)
    asking = stored.status != "streaming" and any(tool.status == "waiting" for tool in tools)
    return MessageItem(
        id=item_id(stored.id),
        role="user" if message.role == "user" else "assistant",
        text=message.text,
        reasoning=message.reasoning,
        reasoning_ms=_reasoning_ms(message, stored.stats),
        tools=tools,
        attachments=tuple(_carried(each) for each in attached),
        status="asking" if asking else _STATUS[stored.status],
        note=stored.error.message if stored.error else _NOTES.get(stored.status, ""),
        stats=_figures(stored.stats),
        version=stored.sibling_index + 1,
        versions=stored.sibling_count,
    )


def quotes_of(recalled: Sequence[Recalled]) -> tuple[Quote, ...]:
    return tuple(
        Quote(quote.text, "You, earlier" if quote.role == "user" else "The reply, earlier")
        for quote in recalled
    )


def wind_item(line: Line) -> WindItem:
    many = f"{line.messages:,} messages" if line.messages > 1 else "One message"
    return WindItem(id=ItemId(f"wind-{line.segment.id}"), label=f"{many} became narrative")


def item_id(message: MessageId) -> ItemId:
    return ItemId(str(message))


def message_id(item: ItemId) -> MessageId:
    return MessageId(int(item))


def _with_recalled(
    item: MessageItem,
    stored: StoredMessage,
    recalled: Mapping[MessageId, tuple[Recalled, ...]],
) -> MessageItem:
    found = () if stored.parent_id is None else recalled.get(stored.parent_id, ())
    if not found or item.role == "user":
        return item
    return msgspec.structs.replace(item, quotes=quotes_of(found))


def _by_message(attached: Sequence[Attached]) -> dict[MessageId, list[Attached]]:
    found: dict[MessageId, list[Attached]] = {}
    for document in attached:
        found.setdefault(document.message_id, []).append(document)
    return found


def _carried(document: Attached) -> Carried:
    if document.kind == "image":
        return Carried(document.name, picture=True)
    return Carried(document.name, f"{document.tokens:,} tokens")


def _tool_cards(message: Message, results: Sequence[Message]) -> tuple[ToolCard, ...]:
    said = {result.tool_call_id: result.text for result in results}
    cards: list[ToolCard] = []
    for call in message.tool_calls:
        result = said.get(call.id)
        status = "waiting" if result is None else "declined" if result == DECLINED else "done"
        shown = "" if status == "declined" else result or ""
        cards.append(ToolCard(call.name, call.arguments, shown, status))
    return tuple(cards)


def _reasoning_ms(message: Message, stats: Account | None) -> float:
    """Nobody times the thinking apart: its share of the characters is its share of the time."""
    written = len(message.text) + len(message.reasoning)
    if stats is None or not written:
        return 0.0
    return stats.decode_ms * len(message.reasoning) / written


def _figures(stats: Account | None) -> Stats:
    if stats is None:
        return Stats()
    decoding_s = stats.decode_ms / 1000
    return Stats(
        tokens=stats.completion_tokens,
        tokens_per_s=stats.completion_tokens / decoding_s if decoding_s else 0.0,
        first_token_ms=stats.first_token_ms,
        prompt_tokens=stats.prompt_tokens,
        reused_tokens=stats.reused_tokens,
    )
