"""What is said: messages as values without storage identity, in the shape the OpenAI API uses.

Frozen; shared by chat (which builds them), storage (which keeps them) and the engine
(which renders them through the model's template).
"""

from typing import Any, Literal

import msgspec

Role = Literal["system", "user", "assistant", "tool"]


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    text: str


class ImagePart(msgspec.Struct, frozen=True, tag="image"):
    mime: str
    data: bytes


Part = TextPart | ImagePart


class ToolCall(msgspec.Struct, frozen=True):
    """One call a model asked for; `arguments` is the JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


class Tool(msgspec.Struct, frozen=True):
    """A function offered to the model; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    role: Role
    content: str | tuple[Part, ...] = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, TextPart))


def clean_text(text: str) -> str:
    """Text as every room may hold it: lone surrogates become U+FFFD, NUL is dropped.

    SQLite and llama.cpp both fail on surrogates, and SQLite's length() stops at NUL.
    """
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "")
