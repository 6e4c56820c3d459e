"""A conversation as Markdown: the branch that is shown, every message under its own heading.

Pure. Text stands as it was said, so a message that itself holds headings keeps them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from app.core.messages import ImagePart
from app.storage.conversations import Conversation
from app.storage.documents import Attached
from app.storage.messages import StoredMessage


def page(
    chat: Conversation, branch: Sequence[StoredMessage], attached: Sequence[Attached] = ()
) -> str:
    parts = [f"# {_line(chat.title) or 'Untitled chat'}"]
    if chat.system_prompt:
        parts.append(f"## System prompt\n\n{chat.system_prompt}")
    parts += [_section(stored, attached) for stored in branch]
    return "\n\n".join(parts) + "\n"


def _section(stored: StoredMessage, attached: Sequence[Attached]) -> str:
    message = stored.message
    who = {"user": "You", "assistant": _line(stored.model) or "Assistant"}.get(
        message.role, message.role.capitalize()
    )
    when = datetime.fromtimestamp(stored.created_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    parts = [f"## {who} · {when}"]
    if message.reasoning:
        parts.append(f"<details><summary>Reasoning</summary>\n\n{message.reasoning}\n\n</details>")
    parts += [f"*[Attached: {_line(d.name)}]*" for d in attached if d.message_id == stored.id]
    if not isinstance(message.content, str):
        images = sum(isinstance(part, ImagePart) for part in message.content)
        parts += ["*[Image]*"] * images
    if message.text:
        parts.append(message.text)
    parts += [f"```\n{call.name}({call.arguments})\n```" for call in message.tool_calls]
    return "\n\n".join(parts)


def _line(text: str) -> str:
    return " ".join(text.split())
