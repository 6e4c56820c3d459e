"""ChatGPT's `conversations.json`: a tree of nodes per conversation; pure.

Nodes without words (the root, hidden system notes, tool plumbing) are left out and what
followed them is attached to what came before, so every branch keeps its order.
"""

from typing import Any

from app.core.messages import Message, Role
from app.storage.transfer.archive import ArchivedConversation, ArchivedMessage
from app.storage.transfer.loose import Object, finish, items, named, obj, text, time_ms

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}


def matches(raw: Any) -> bool:
    return isinstance(raw, dict) and isinstance(obj(raw).get("mapping"), dict)


def convert(raw: Object) -> ArchivedConversation:
    nodes = obj(raw.get("mapping"))
    kept: list[ArchivedMessage] = []
    # What each node stands for: the message it became, or the nearest one before it, and the
    # thinking said so far that still waits for its answer.
    became: dict[str, int | None] = {}
    waiting = [(name, None, "") for name in reversed(_roots(nodes))]
    while waiting:
        name, parent, thinking = waiting.pop()
        if name in became:
            continue
        node = obj(nodes.get(name))
        said, thought = _said(obj(node.get("message")))
        if said is None:
            became[name] = parent
            thinking = "\n\n".join(part for part in (thinking, thought) if part)
        else:
            model = text(obj(obj(node.get("message")).get("metadata")).get("model_slug"))
            when = time_ms(obj(node.get("message")).get("create_time"))
            if said.role == "assistant" and thinking:
                said = Message(role=said.role, content=said.content, reasoning=thinking)
            kept.append(ArchivedMessage(said, parent, when, model=model))
            became[name], thinking = len(kept) - 1, ""
        children = [child for child in items(node.get("children")) if isinstance(child, str)]
        waiting += [(child, became[name], thinking) for child in reversed(children)]
    return finish(
        "chatgpt",
        text(raw.get("conversation_id")) or text(raw.get("id")),
        kept,
        title=text(raw.get("title")),
        created_ms=time_ms(raw.get("create_time")),
        updated_ms=time_ms(raw.get("update_time")),
        archived=raw.get("is_archived") is True,
        shown=became.get(text(raw.get("current_node"))),
    )


def _roots(nodes: Object) -> list[str]:
    return [name for name, node in nodes.items() if obj(node).get("parent") not in nodes]


def _said(message: Object) -> tuple[Message | None, str]:
    """What a node says to people, and what it only thinks."""
    metadata, content = obj(message.get("metadata")), obj(message.get("content"))
    role = _ROLES.get(text(obj(message.get("author")).get("role")))
    kind = text(content.get("content_type"))
    if kind == "thoughts":
        thoughts = [obj(thought) for thought in items(content.get("thoughts"))]
        return None, "\n\n".join(text(thought.get("content")) for thought in thoughts)
    if role is None or metadata.get("is_visually_hidden_from_conversation") is True:
        return None, ""
    if kind == "code":
        words = f"```{text(content.get('language'))}\n{text(content.get('text'))}\n```"
        said = words if text(content.get("text")) else ""
    else:
        said = "\n".join(filter(None, map(_part, items(content.get("parts")))))
    names = [named(obj(file).get("name")) for file in items(metadata.get("attachments"))]
    whole = "\n\n".join(filter(None, [said, *names]))
    return (Message(role=role, content=whole), "") if whole else (None, "")


def _part(part: Any) -> str:
    if isinstance(part, str):
        return text(part)
    kind = text(obj(part).get("content_type"))
    if "text" in obj(part):
        return text(obj(part)["text"])
    return "[Image]" if kind == "image_asset_pointer" else ""
