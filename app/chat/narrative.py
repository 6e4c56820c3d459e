"""The words around a wind: the instruction, the narrative as the model reads it, the fallback.

Pure text. The wording is part of the cached prefix and of what the starter model is trained
on: changing it invalidates both.
"""

import re
from collections.abc import Sequence

from app.chat import ledger
from app.core.messages import Message
from app.storage.segments import LedgerEntry

_STORY = "# Earlier in this conversation"
_FACTS = "# Exact facts from it"
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_END = 100
_SPEAKER = {"user": "User", "assistant": "Assistant", "tool": "Tool", "system": "System"}


def system_text(system_prompt: str, segments: Sequence[str], facts: Sequence[LedgerEntry]) -> str:
    """Segments only ever grow at their end, so they come before the facts, which change."""
    return "\n\n".join(filter(None, (system_prompt, story_text(segments), facts_text(facts))))


def story_text(segments: Sequence[str]) -> str:
    return _STORY + "\n\n" + "\n\n".join(segments) if segments else ""


def facts_text(facts: Sequence[LedgerEntry]) -> str:
    lines = "\n".join(ledger.line(entry) for entry in facts)
    return f"{_FACTS}\n\n{lines}" if facts else ""


def summary_request(first: Message, after: Message | None, extra: str = "") -> str:
    """Asks for a summary of the oldest part, while all of it is still in the model's cache."""
    until = f" and ends before “{_opening(after)}”" if after is not None else ""
    return (
        "Summarize the part of our conversation that begins with "
        f"“{_opening(first)}”{until}. Write short bullet points. Keep every name, number, date, "
        "path, decision and open question exactly as it was said. Invent nothing. "
        "Answer with the bullet points only." + (f" {extra}" if extra else "")
    )


def merge_request(segments: Sequence[str], facts: Sequence[LedgerEntry]) -> str:
    notes = "\n\n".join(segments)
    exact = "\n".join(ledger.line(entry) for entry in facts)
    return (
        "These are notes of an earlier conversation, oldest first:\n\n"
        f"{notes}\n\nExact facts that must stay as they are:\n\n{exact}\n\n"
        "Write them as one shorter list of bullet points. Invent nothing. "
        "Answer with the bullet points only."
    )


def live_merge_request() -> str:
    """The same where the notes and the facts stand at the start of the conversation already."""
    return (
        "Summarize all the notes at the start of our conversation as one shorter list of bullet "
        "points. Keep every name, number, date, path, decision and open question exactly as it "
        "stands there. Invent nothing. Answer with the bullet points only."
    )


def whole(text: str) -> str:
    """Without the line that was cut: half a number is another one."""
    head, _, cut = text.rpartition("\n")
    return head.rstrip() if head.strip() else cut.rpartition(" ")[0]


def mechanical(messages: Sequence[Message], characters: int) -> str:
    """When no model can: how each message begins and ends, what the user said first of all."""
    by_worth = sorted(
        range(len(messages)), key=lambda index: (messages[index].role != "user", -index)
    )
    kept: dict[int, str] = {}
    for index in by_worth:
        message = messages[index]
        line = f"- {_SPEAKER[message.role]}: {_ends(message.text)}"
        if message.text.strip() and len(line) < characters:
            characters -= len(line) + 1
            kept[index] = line
    return "\n".join(kept[index] for index in sorted(kept))


def mentions(text: str, message: Message) -> bool:
    """Whether a mechanical summary has a line for this message."""
    ends = _ends(message.text)
    return bool(ends) and ends in text


def shortened(segments: Sequence[str], characters: int) -> str:
    """A merge without a model: the first bullets of each part, in order."""
    share = characters // max(1, len(segments))
    return "\n".join(_head(text, share) for text in segments)


def with_quotes(text: str, quotes: Sequence[tuple[str, str]]) -> str:
    """Recalled turns stand before the question that called them back."""
    said = "\n".join(f"> {role}: {quote}" for role, quote in quotes)
    return f"(From earlier in this conversation:\n{said})\n\n{text}"


def excerpt(text: str, characters: int) -> str:
    """Head and tail of a turn that alone is larger than the window."""
    if len(text) <= characters:
        return text
    half = max(0, characters // 2 - 40)
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n\n[… {left_out:,} characters left out …]\n\n{text[len(text) - half :]}"


def _head(text: str, characters: int) -> str:
    if len(text) <= characters:
        return text
    return text[:characters].rsplit("\n", 1)[0]


def _opening(message: Message) -> str:
    words = message.text.split()
    opening = " ".join(words[:8])[:60]
    return opening + ("…" if len(words) > 8 else "")


def _ends(text: str) -> str:
    sentences = [piece.strip() for piece in _SENTENCE_END.split(text) if piece.strip()]
    if not sentences:
        return ""
    first, last = sentences[0][:_END], sentences[-1][:_END]
    return first if len(sentences) == 1 else f"{first} … {last}"
