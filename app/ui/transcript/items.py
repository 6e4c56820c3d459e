"""What the transcript shows and what it asks for: frozen values in, frozen requests out.

The window turns stored messages into items and answers `Request`s; the transcript knows nothing
of storage or the engine. An item is replaced as a whole (`update_item`), never mutated.
"""

from typing import Literal, NewType

import msgspec

ItemId = NewType("ItemId", str)
Status = Literal["done", "waiting", "reading", "streaming", "stopped", "failed", "asking"]
ToolStatus = Literal["waiting", "running", "done", "declined"]


class Quote(msgspec.Struct, frozen=True):
    """An earlier passage that was recalled for this turn."""

    text: str
    origin: str


class Carried(msgspec.Struct, frozen=True):
    """What a message has with it: a document, or a picture."""

    name: str
    detail: str = ""
    picture: bool = False


class ToolCard(msgspec.Struct, frozen=True):
    name: str
    arguments: str = ""
    result: str = ""
    status: ToolStatus = "done"


class Stats(msgspec.Struct, frozen=True):
    """Figures of one reply; zero means not known and is not shown."""

    tokens: int = 0
    tokens_per_s: float = 0.0
    first_token_ms: float = 0.0
    prompt_tokens: int = 0
    reused_tokens: int = 0

    @property
    def line(self) -> str:
        parts = [
            f"{self.tokens:,} tokens" if self.tokens else "",
            f"{self.tokens_per_s:.1f} tok/s" if self.tokens_per_s else "",
            f"first token {seconds(self.first_token_ms)}" if self.first_token_ms else "",
            f"reused {self.reused_tokens:,} of {self.prompt_tokens:,}"
            if self.reused_tokens
            else "",
        ]
        return " · ".join(part for part in parts if part)


class MessageItem(msgspec.Struct, frozen=True, kw_only=True):
    id: ItemId
    role: Literal["user", "assistant", "system"]
    text: str = ""
    reasoning: str = ""
    reasoning_ms: float = 0.0
    tools: tuple[ToolCard, ...] = ()
    quotes: tuple[Quote, ...] = ()
    attachments: tuple[Carried, ...] = ()
    status: Status = "done"
    note: str = ""  # the sentence that explains "failed" or "stopped"
    read_tokens: int = 0  # of the prompt, while reading
    prompt_tokens: int = 0
    stats: Stats = Stats()
    version: int = 1
    versions: int = 1
    footer: bool = True  # a document that is only read has none
    continues: bool = False  # the document of the item before goes on

    @property
    def live(self) -> bool:
        return self.status in ("waiting", "reading", "streaming")


class WindItem(msgspec.Struct, frozen=True, kw_only=True):
    """The thin line where older turns became narrative."""

    id: ItemId
    label: str


Item = MessageItem | WindItem


class Edit(msgspec.Struct, frozen=True):
    id: ItemId


class Regenerate(msgspec.Struct, frozen=True):
    id: ItemId


class Continue(msgspec.Struct, frozen=True):
    id: ItemId


class Branch(msgspec.Struct, frozen=True):
    id: ItemId


class SwitchVersion(msgspec.Struct, frozen=True):
    id: ItemId
    step: Literal[-1, 1]


class Delete(msgspec.Struct, frozen=True):
    id: ItemId


class OpenLink(msgspec.Struct, frozen=True):
    """Only http, https and mailto, and only after its full address was shown."""

    url: str


class SaveCode(msgspec.Struct, frozen=True):
    code: str
    language: str


class AnswerCalls(msgspec.Struct, frozen=True):
    """The tools a reply asked for may run, or may not."""

    id: ItemId
    allowed: bool


class OpenSegment(msgspec.Struct, frozen=True):
    id: ItemId


Request = (
    Edit
    | Regenerate
    | Continue
    | Branch
    | SwitchVersion
    | Delete
    | OpenLink
    | SaveCode
    | AnswerCalls
    | OpenSegment
)


def seconds(ms: float) -> str:
    """A duration as people say it: 0.4 s, 12 s, 2 min 5 s."""
    if ms < 9_950:
        return f"{ms / 1000:.1f} s"
    whole = round(ms / 1000)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
