"""The regular expressions of JSON schemas as grammar: the plain part of the language.

Pure. Always true: the text is parsed here, character by character, and written anew; nothing of
it is pasted; what it may produce is always the inside of a valid JSON string. Look-around,
back-references, lazy marks and Unicode classes are refused by name.
"""

from math import prod
from typing import Any, NamedTuple

from app.engine.gbnf import repeated

LONGEST_PATTERN = 500
DEEPEST = 16
MOST_REPEATS = 200
MOST_READINGS = 2_500

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": " "}
_CONTROL = r"\x00-\x1F\x7F"
_OTHERS = {"D": "[^0-9", "W": "[^A-Za-z0-9_", "S": "[^ "}
_SPECIAL = frozenset(r"\^$.|?*+()[]{}/-")


class Item(NamedTuple):
    """A part of a pattern. `width` is the characters it takes, None when that varies."""

    rule: str
    width: int | None = 1
    empty: bool = False  # it may take none
    readings: int = 1  # in how many ways the same text can lie in its counted repeats


class PatternRefused(Exception):
    """Why, as the end of a sentence that begins with 'A pattern in the schema'."""


def pattern_rule(pattern: Any) -> Item:
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        raise PatternRefused("is too long or not a text")
    begins, ends = pattern.startswith("^"), pattern.endswith("$") and not pattern.endswith("\\$")
    reader = _Reader(pattern[begins : len(pattern) - ends])
    item = reader.alternatives(0)
    if reader.rest():
        raise PatternRefused("has a parenthesis too many")
    rule = f"{'' if begins else 'char*'} ({item.rule}) {'' if ends else 'char*'}".strip()
    return item._replace(rule=rule)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def rest(self) -> str:
        return self._text[self._at :]

    def alternatives(self, depth: int) -> Item:
        if depth > DEEPEST:
            raise PatternRefused("is nested too deeply")
        branches = [self._sequence(depth)]
        while self._take("|"):
            branches.append(self._sequence(depth))
        if len(branches) == 1:
            return branches[0]
        widths = {branch.width for branch in branches}
        return _bounded(
            " | ".join(branch.rule for branch in branches),
            widths.pop() if len(widths) == 1 else None,
            any(branch.empty for branch in branches),
            sum(branch.readings for branch in branches),
        )

    def _sequence(self, depth: int) -> Item:
        items: list[Item] = []
        while self.rest() and self._text[self._at] not in "|)":
            items.append(self._quantified(self._item(depth)))
        widths = [item.width for item in items if item.width is not None]
        return _bounded(
            " ".join(item.rule for item in items) or '""',
            sum(widths) if len(widths) == len(items) else None,
            all(item.empty for item in items),
            prod(item.readings for item in items),
        )

    def _item(self, depth: int) -> Item:
        char = self._next()
        match char:
            case "(":
                if self._take("?") and not self._take(":"):
                    raise PatternRefused("looks around, which cannot be kept to")
                inside = self.alternatives(depth + 1)
                if not self._take(")"):
                    raise PatternRefused("has an open parenthesis")
                return inside._replace(rule=f"({inside.rule})")
            case "[":
                return Item(self._class())
            case ".":
                return Item("char")
            case "\\":
                return Item(self._escape())
            case "^" | "$" | "*" | "+" | "?" | "{" | "}" | "]":
                raise PatternRefused(f"has {char} where it means nothing")
            case _:
                return Item(_one(char))

    def _quantified(self, item: Item) -> Item:
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
        if self.rest()[:1] in ("?", "+", "*", "{") and self.rest():
            raise PatternRefused("is lazy or possessive, which means nothing here")
        if item.empty and most != 1:
            raise PatternRefused("repeats something that may be empty")
        # Every count is a state of its own, and states of several counts multiply; only a fixed
        # count of something of fixed width can be read in one way.
        fixed = item.width is not None and least == most
        return _bounded(
            repeated(item.rule, least, most),
            item.width * least if item.width is not None and fixed else None,
            item.empty or least == 0,
            item.readings * (1 if fixed else most or 1),
        )

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


def _bounded(rule: str, width: int | None, empty: bool, readings: int) -> Item:
    if readings > MOST_READINGS:
        raise PatternRefused("can be read in too many ways")
    return Item(rule, width, empty, readings)


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
