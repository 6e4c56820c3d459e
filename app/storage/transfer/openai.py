"""Message lists as the OpenAI API takes them, alone or with a title around them; pure."""

import base64
import binascii
from typing import Any

from app.core.messages import ImagePart, Message, Part, Role, TextPart, ToolCall
from app.storage.json_text import json_text
from app.storage.transfer.archive import ArchivedConversation, ArchivedMessage
from app.storage.transfer.loose import Object, finish, items, obj, text, time_ms

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def matches(raw: Any) -> bool:
    listed = items(obj(raw).get("messages"))
    return bool(listed) and all("role" in obj(message) for message in listed)


def convert(raw: Object) -> ArchivedConversation:
    said = [_message(obj(message)) for message in items(raw.get("messages"))]
    told = [message for message in said if message is not None]
    system = ""
    if told and told[0].role == "system":
        system = told.pop(0).text
    when = time_ms(raw.get("created"))
    kept = [
        ArchivedMessage(
            message,
            index - 1 if index else None,
            when,
            model=text(raw.get("model")) if message.role == "assistant" else "",
        )
        for index, message in enumerate(told)
    ]
    return finish(
        "openai",
        text(raw.get("id")),
        kept,
        title=text(raw.get("title")),
        system_prompt=system,
    )


def _message(raw: Object) -> Message | None:
    role = _ROLES.get(text(raw.get("role")))
    if role is None:
        return None
    return Message(
        role=role,
        content=_content(raw.get("content")),
        reasoning=text(raw.get("reasoning_content")) or text(raw.get("reasoning")),
        tool_calls=tuple(_call(obj(call)) for call in items(raw.get("tool_calls"))),
        tool_call_id=text(raw.get("tool_call_id")),
    )


def _content(raw: Any) -> str | tuple[Part, ...]:
    if not isinstance(raw, list):
        return text(raw)
    parts = tuple(part for part in (_part(obj(each)) for each in items(raw)) if part)
    if any(isinstance(part, ImagePart) for part in parts):
        return parts
    return "".join(part.text for part in parts if isinstance(part, TextPart))


def _part(raw: Object) -> Part | None:
    if raw.get("type") in ("text", "input_text", "output_text"):
        return TextPart(text(raw.get("text")))
    url = text(obj(raw.get("image_url")).get("url"))
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        return TextPart(f"[Image: {url}]") if url else None
    try:
        return ImagePart(head[5:-7], base64.b64decode(data, validate=True))
    except binascii.Error:
        return None


def _call(raw: Object) -> ToolCall:
    function = obj(raw.get("function"))
    arguments = function.get("arguments")
    written = arguments if isinstance(arguments, str) else json_text(arguments)
    return ToolCall(text(raw.get("id")), text(function.get("name")), text(written))
