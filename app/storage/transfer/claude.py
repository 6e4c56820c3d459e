"""Claude's `conversations.json`: messages with parents, or in a row where none is named; pure."""

from typing import Any

from app.core.messages import Message, ToolCall
from app.storage.json_text import json_text
from app.storage.transfer.archive import ArchivedConversation, ArchivedMessage
from app.storage.transfer.loose import Object, finish, items, named, obj, text, time_ms


def matches(raw: Any) -> bool:
    return isinstance(raw, dict) and isinstance(obj(raw).get("chat_messages"), list)


def convert(raw: Object) -> ArchivedConversation:
    kept: list[ArchivedMessage] = []
    position: dict[str, int] = {}
    for entry in map(obj, items(raw.get("chat_messages"))):
        said = _said(entry)
        parent = _parent(entry, position, len(kept))
        name = text(entry.get("uuid"))
        if said is None:
            if name and parent is not None:
                position[name] = parent
            continue
        model = text(raw.get("model")) if said.role == "assistant" else ""
        kept.append(ArchivedMessage(said, parent, time_ms(entry.get("created_at")), model=model))
        if name:
            position[name] = len(kept) - 1
    leaf = position.get(text(raw.get("current_leaf_message_uuid")))
    return finish(
        "claude",
        text(raw.get("uuid")),
        kept,
        title=text(raw.get("name")),
        created_ms=time_ms(raw.get("created_at")),
        updated_ms=time_ms(raw.get("updated_at")),
        shown=leaf,
    )


def _parent(entry: Object, position: dict[str, int], count: int) -> int | None:
    """The named parent, when it came before; without a name, the message before."""
    if "parent_message_uuid" in entry:
        return position.get(text(entry.get("parent_message_uuid")))
    return count - 1 if count else None


def _said(entry: Object) -> Message | None:
    blocks = [obj(block) for block in items(entry.get("content"))]
    words = [text(block.get("text")) for block in blocks if block.get("type") == "text"]
    if not any(words):
        words = [text(entry.get("text"))]
    thinking = [text(b.get("thinking")) for b in blocks if b.get("type") == "thinking"]
    calls = tuple(_call(block) for block in blocks if block.get("type") == "tool_use")
    for file in map(obj, [*items(entry.get("attachments")), *items(entry.get("files"))]):
        words.append(named(file.get("file_name")))
        words.append(text(file.get("extracted_content")))
    whole = "\n\n".join(filter(None, words))
    if not whole and not calls:
        return None
    return Message(
        role="user" if entry.get("sender") == "human" else "assistant",
        content=whole,
        reasoning="\n\n".join(filter(None, thinking)),
        tool_calls=calls,
    )


def _call(block: Object) -> ToolCall:
    return ToolCall(text(block.get("id")), text(block.get("name")), json_text(block.get("input")))
