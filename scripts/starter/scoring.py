"""Whether a reply holds what it should. Pure; a value counts only when it is there whole."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from app.chat.titles import usable
from scripts.starter import guide
from scripts.starter.foreign import DECLINED
from scripts.starter.told import UNKNOWN

_JOINS = r"[-./@_:\\#,]"


def holds(text: str, value: str) -> bool:
    """4200 is not in 42000, draft is not in draft-v3, a sentence's full stop is no part of it."""
    pattern = rf"(?<!\w)(?<!\w{_JOINS}){re.escape(value)}(?!\w)(?!{_JOINS}\w)"
    if value[:1] in "~/.":
        pattern = rf"(?<![\w/~.]){re.escape(value)}(?!\w)(?!{_JOINS}\w)"
    return re.search(pattern, text, re.IGNORECASE) is not None


def fault(reply: str, wanted: Mapping[str, Any]) -> str:
    """What is wrong with a reply, by a hand-written chat's wishes; nothing when it is right."""
    missing = [value for value in wanted.get("has", ()) if not _there(reply, value)]
    if missing:
        return f"lacks {missing[0]!r}"
    wrong = [value for value in wanted.get("lacks", ()) if holds(reply, value)]
    if wrong:
        return f"says {wrong[0]!r}"
    if wanted.get("fallback") and reply != DECLINED:
        return "answers instead of declining"
    if wanted.get("absent") and not reply.startswith(UNKNOWN):
        return "does not say that it was not told"
    if wanted.get("guide") and reply not in _guidance():
        return "is no answer of the guide"
    if wanted.get("title") and not _titled(reply, wanted["title"]):
        return "is no such title"
    if "call" in wanted and not _calls(reply, *wanted["call"]):
        return "does not call the tool"
    return ""


@cache
def _guidance() -> frozenset[str]:
    return frozenset(intent.answer for intent in guide.intents())


def _there(reply: str, value: str) -> bool:
    # Marks at its ends (Ctrl++) are part of the value, so nothing is asked of what follows.
    return holds(reply, value) or (not value[-1].isalnum() and value in reply)


def _titled(reply: str, words: list[str]) -> bool:
    title = usable(reply)
    return bool(title) and any(word.lower() in title.lower() for word in words)


def _calls(reply: str, name: str, expression: str) -> bool:
    arguments = f'"expression": "{expression}"' if expression else '"arguments": {}'
    return reply.startswith(f'<tool_call>{{"name": "{name}"') and arguments in reply
