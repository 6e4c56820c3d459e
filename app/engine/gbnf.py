"""The pieces of GBNF, llama.cpp's grammar language, that a JSON grammar is built from.

Pure functions from values to grammar text. Always true: everything a client wrote arrives in a
grammar as an escaped literal, never as grammar; repetitions are bounded.
"""

import json
from typing import Any

# One value of any kind, for every grammar. Strings hold no raw control characters and no half
# surrogates, numbers stay finite, white space is short: what comes out is always valid JSON.
PRIMITIVES = {
    "ws": r'| " " | "\n" [ \t]{0,20}',
    "hex": "[0-9a-fA-F]",
    "char": r'[^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" codepoint)',
    "codepoint": "[0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex",
    "string": r'"\"" char* "\""',
    "natural": '"0" | [1-9] [0-9]{0,15}',
    "integer": '"-"? natural',
    "decimal": 'natural ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?',
    "number": '"-"? decimal',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "member": 'string ws ":" ws value',
    "object": '"{" ws (member (ws "," ws member)* ws)? "}"',
    "array": '"[" ws (value (ws "," ws value)* ws)? "]"',
    "value": "object | array | string | number | boolean | null",
    "year": "[0-9]{4}",
    "month": '"0" [1-9] | "1" [0-2]',
    "day": '"0" [1-9] | [12] [0-9] | "3" [01]',
    "hour": '[01] [0-9] | "2" [0-3]',
    "sixty": "[0-5] [0-9]",
    "date": 'year "-" month "-" day',
    "time": 'hour ":" sixty ":" sixty ("." [0-9]{3})? ("Z" | [-+] hour ":" sixty)',
    "date-time": 'date "T" time',
    "uuid": 'hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12}',
}
FORMATS = ("date", "time", "date-time", "uuid")

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def literal(text: str) -> str:
    escaped = "".join(
        _ESCAPES.get(char) or (char if char.isprintable() else _code(char)) for char in text
    )
    return f'"{escaped}"'


def _code(char: str) -> str:
    return f"\\x{ord(char):02X}" if ord(char) < 0x80 else f"\\U{ord(char):08X}"


def json_literal(value: Any) -> str:
    return literal(json.dumps(value, ensure_ascii=False))


def repeated(item: str, least: int, most: int | None) -> str:
    """`item` must be one symbol, class or group."""
    if (least, most) == (1, 1):
        return item
    bounds = f"{{{least},}}" if most is None else f"{{{least},{most}}}"
    return f"{item}{bounds}" if most != 0 else '""'


# ---------------------------------------------------------------- whole numbers in a range

_MOST_DIGITS = 16


def integers(low: int | None, high: int | None) -> str:
    """The whole numbers from `low` to `high`; an open end reaches as far as 16 digits."""
    furthest = 10**_MOST_DIGITS - 1
    low = -furthest if low is None else max(low, -furthest)
    high = furthest if high is None else min(high, furthest)
    parts: list[str] = []
    if low < 0:
        negative = _naturals(max(1, -high), -low)
        parts.append(f'"-" ({negative})')
    if high >= 0:
        parts.append(_naturals(max(0, low), high))
    return " | ".join(parts)


def _naturals(low: int, high: int) -> str:
    parts: list[str] = []
    for digits in range(len(str(low)), len(str(high)) + 1):
        smallest = 0 if digits == 1 else 10 ** (digits - 1)
        begin, end = max(low, smallest), min(high, 10**digits - 1)
        parts.append(_same_length(str(begin), str(end)))
    return " | ".join(parts)


def _same_length(low: str, high: str) -> str:
    if low == high:
        return f'"{low}"'
    if set(low) == {"0"} and set(high) == {"9"}:
        return f"[0-9]{{{len(low)}}}"
    if low[0] == high[0]:
        return f'"{low[0]}" ({_same_length(low[1:], high[1:])})'
    if len(low) == 1:
        return f"[{low}-{high}]"
    rest = len(low) - 1
    first, last = int(low[0]), int(high[0])
    parts = [f'"{first}" ({_same_length(low[1:], "9" * rest)})']
    if last - first > 1:
        parts.append(f"[{first + 1}-{last - 1}] [0-9]{{{rest}}}")
    parts.append(f'"{last}" ({_same_length("0" * rest, high[1:])})')
    return " | ".join(parts)
