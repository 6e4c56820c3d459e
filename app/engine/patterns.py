"""The regular expressions of JSON schemas as grammar: the plain part of the language.

Pure. Always true: the text is parsed here, character by character, and written anew; nothing of
it is pasted; what it may produce is always the inside of a valid JSON string. Look-around,
back-references, lazy marks and Unicode classes are refused by name.
"""

from typing import Any

from app.engine.gbnf import repeated

LONGEST_PATTERN = 500
DEEPEST = 16
MOST_REPEATS = 200

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": " "}
_CONTROL = r"\x00-\x1F\x7F"
_OTHERS = {"D": "[^0-9", "W": "[^A-Za-z0-9_", "S": "[^ "}
_SPECIAL = frozenset(r"\^$.|?*+()[]{}/-")


class PatternRefused(Exception):
    """Why, as the end of a sentence that begins with 'A pattern in the schema'."""


def pattern_rule(pattern: Any) -> str:
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        raise PatternRefused("is too long or not a text")
    begins, ends = pattern.startswith("^"), pattern.endswith("$") and not pattern.endswith("\\$")
    reader = _Reader(pattern[begins : len(pattern) - ends])
    body = f"({reader.alternatives(0)})"
    if reader.rest():
        raise PatternRefused("has a parenthesis too many")
    return f"{'' if begins else 'char*'} {body} {'' if ends else 'char*'}".strip()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def rest(self) -> str:
        return self._text[self._at :]

    def alternatives(self, depth: int) -> str:
        if depth > DEEPEST:
            raise PatternRefused("is nested too deeply")
        branches = [self._sequence(depth)]
        while self._take("|"):
            branches.append(self._sequence(depth))
        return " | ".join(branches)

    def _sequence(self, depth: int) -> str:
        items: list[str] = []
        while self.rest() and self._text[self._at] not in "|)":
            items.append(self._quantified(self._item(depth)))
        return " ".join(items) or '""'

    def _item(self, depth: int) -> str:
        char = self._next()
        match char:
            case "(":
                if self._take("?") and not self._take(":"):
                    raise PatternRefused("looks around, which cannot be kept to")
                inside = self.alternatives(depth + 1)
                if not self._take(")"):
                    raise PatternRefused("has an open parenthesis")
                return f"({inside})"
            case "[":
                return self._class()
            case ".":
                return "char"
            case "\\":
                return self._escape()
            case "^" | "$" | "*" | "+" | "?" | "{" | "}" | "]":
                raise PatternRefused(f"has {char} where it means nothing")
            case _:
                return _one(char)

    def _quantified(self, item: str) -> str:
        least, most = 1, 1
        if self._take("*"):
            least, most = 0, None
        elif self._take("+"):
            least, most = 1, None
        elif self._take("?"):
            least, most = 0, 1
        elif self._take("{"):
            least, most = self._counts()
        else:
            return item
        if self.rest()[:1] in ("?", "+", "*", "{"):
            raise PatternRefused("is lazy or possessive, which means nothing here")
        return repeated(item, least, most)

    def _counts(self) -> tuple[int, int | None]:
        inside, closed, _ = self.rest().partition("}")
        self._at += len(inside) + 1
        low, comma, high = inside.partition(",")
        if (
            not closed
            or not (low or "0").isdecimal()
            or not (high or "0").isdecimal()
            or not inside
        ):
            raise PatternRefused("has counts that cannot be read")
        least = int(low or "0") if len(low) < 5 else MOST_REPEATS + 1
        most = (int(high) if len(high) < 5 else MOST_REPEATS + 1) if high else None
        if not comma:
            most = least
        if least > MOST_REPEATS or (most is not None and not least <= most <= MOST_REPEATS):
            raise PatternRefused(f"repeats something more than {MOST_REPEATS} times")
        return least, most

    def _escape(self) -> str:
        char = self._next()
        if char in _CLASSES:
            return f"[{_CLASSES[char]}]"
        if char in _OTHERS:
            return _OTHERS[char] + r"\"\\" + _CONTROL + "]"
        if char in _SPECIAL or not char.isalnum():
            return _one(char)
        raise PatternRefused(f"uses \\{char}, which cannot be kept to")

    def _class(self) -> str:
        negated = self._take("^")
        inside: list[str] = []
        while not self._take("]"):
            inside.append(self._member())
        if not inside:
            raise PatternRefused("has an empty class")
        if negated:
            return f'[^{"".join(inside)}"\\\\{_CONTROL}]'
        return f"[{''.join(inside)}]"

    def _member(self) -> str:
        first = self._class_char()
        if len(first) > 1 or not self.rest().startswith("-") or self.rest()[1:2] in ("]", ""):
            return first if len(first) > 1 else _code(first)
        self._at += 1
        last = self._class_char()
        if len(last) > 1 or last < first:
            raise PatternRefused("has a range that cannot be read")
        if any(mark in range(ord(first), ord(last) + 1) for mark in (0x22, 0x5C)):
            raise PatternRefused("has a range across quotes or backslashes")
        return f"{_code(first)}-{_code(last)}"

    def _class_char(self) -> str:
        char = self._next()
        if char != "\\":
            _refuse_quoted(char)
            return char
        char = self._next()
        if char in _CLASSES:
            return _CLASSES[char]
        if char.isalnum():
            raise PatternRefused(f"uses \\{char} in a class, which cannot be kept to")
        _refuse_quoted(char)
        return char

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise PatternRefused("ends too early")
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, char: str) -> bool:
        taken = self._text.startswith(char, self._at)
        self._at += taken
        return taken


def _refuse_quoted(char: str) -> None:
    if char in '"\\' or ord(char) < 0x20 or ord(char) == 0x7F:
        raise PatternRefused("has a quote, a backslash or a control character in a class")


def _one(char: str) -> str:
    """One character as it stands inside a JSON string."""
    if char in '"\\':
        return f'("\\\\" [{_code(char)}])'
    if ord(char) < 0x20 or ord(char) == 0x7F:
        raise PatternRefused("has a control character")
    return f"[{_code(char)}]"


def _code(char: str) -> str:
    """A character inside a class, so that it never means anything else there."""
    if char.isascii():
        return char if char.isalnum() else f"\\x{ord(char):02X}"
    return f"\\U{ord(char):08X}"
