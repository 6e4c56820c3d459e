"""Finds the tool calls in a streamed answer, in the formats widespread models use.

Pure, one object per reply. Always true: a block is only a call once it parses; a malformed one
comes out as the text it was; text outside blocks is never changed (white space beside a call is
dropped). Reading takes time in proportion to the text, whatever it is: all replies wait for it.
Without offered tools nothing is looked for.
"""

import json
import re
import secrets
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, cast

from app.core.messages import ToolCall, clean_text
from app.engine.stops import first_of, tail_overlap


class Block(NamedTuple):
    """How one format marks its calls; without `close` a block runs to the end of the reply."""

    close: str
    read: Callable[[str], "list[Call] | None"]


class Call(NamedTuple):
    name: str
    arguments: str


class Found(NamedTuple):
    text: str = ""
    calls: tuple[ToolCall, ...] = ()


# ---------------------------------------------------------------- payloads


def _json(text: str) -> Any:
    """None for anything that is not sane JSON, also for nesting and numbers meant to hurt."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _arguments(value: Any) -> str | None:
    if isinstance(value, str):
        return value if isinstance(_json(value), dict) else None
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return None


def call_of(value: Any) -> Call | None:
    """One call from `{"name": …, "arguments"|"parameters": …}` or OpenAI's nested form."""
    if not isinstance(value, dict):
        return None
    fields = cast(dict[str, Any], value)
    if isinstance(fields.get("function"), dict):
        fields = fields["function"]
    name = fields.get("name", fields.get("function"))
    given = fields.get("arguments", fields.get("parameters"))
    arguments = "{}" if given is None else _arguments(given)
    if not isinstance(name, str) or not name or arguments is None:
        return None
    return Call(name, arguments)


def _read_json(body: str) -> list[Call] | None:
    """One call or a list of calls."""
    value = _json(body)
    items = cast(list[Any], value) if isinstance(value, list) else [value]
    calls = [call_of(item) for item in items]
    found = [call for call in calls if call is not None]
    return found if found and len(found) == len(calls) else None


def _pairs(text: str, pair: re.Pattern[str], close: str) -> list[tuple[str, str]] | None:
    """The (key, value) pairs that make up a text, each ended by `close`; None: there is more."""
    *parts, rest = text.split(close)
    found = [pair.fullmatch(part) for part in parts]
    pairs = [(match[1], match[2]) for match in found if match]
    return None if rest.strip() or len(pairs) < len(parts) else pairs


_XML_ARGUMENT = re.compile(r"\s*<parameter=([^>\n]+)>\n?(.*?)\n?", re.DOTALL)


def _read_tagged(body: str) -> list[Call] | None:
    """The inside of `<tool_call>`: JSON (Hermes, Qwen) or `<function=…>` tags (Qwen coder)."""
    text = body.strip()
    if text.startswith("<function="):
        return _read_function(text.removeprefix("<function=").removesuffix("</function>"))
    return _read_json(body) or (_read_pairs(body) if "<arg_key>" in body else None)


def _read_function(body: str) -> list[Call] | None:
    """`name>{json}` (Llama 3) or `name><parameter=key>value</parameter>…`."""
    name, mark, rest = body.partition(">")
    if not mark or not name.strip():
        return None
    pairs = _pairs(rest, _XML_ARGUMENT, "</parameter>")
    if pairs is None:
        arguments = _arguments(_json(rest))
    else:
        arguments = json.dumps({key: _scalar(text) for key, text in pairs}, ensure_ascii=False)
    return None if arguments is None else [Call(name.strip(), arguments)]


def _scalar(text: str) -> Any:
    value = _json(text)
    return text if value is None and text.strip() != "null" else value


_PAIRED_CALL = re.compile(r"\s*+([\w.-]++)(.*)", re.DOTALL)
_PAIRED_ARGUMENT = re.compile(r"\s*<arg_key>(.*?)</arg_key>\s*<arg_value>(.*)", re.DOTALL)


def _read_pairs(body: str) -> list[Call] | None:
    """`name<arg_key>key</arg_key><arg_value>value</arg_value>…` (GLM)."""
    match = _PAIRED_CALL.fullmatch(body)
    pairs = _pairs(match[2], _PAIRED_ARGUMENT, "</arg_value>") if match else None
    if match is None or pairs is None:
        return None
    values = {key.strip(): _scalar(text) for key, text in pairs}
    return [Call(match[1], json.dumps(values, ensure_ascii=False))]


_BARE_KEY = re.compile(r"([{,]\s*)([\w.-]+)\s*:")


def _read_gemma(body: str) -> list[Call] | None:
    """`call:name{key:<|"|>text<|"|>,other:3}`: JSON with bare keys and quotes of its own."""
    name, _, rest = body.strip().removeprefix("call:").partition("{")
    parts = f"{{{rest}".split('<|"|>')
    plain = [_BARE_KEY.sub(r'\1"\2":', part) for part in parts[::2]]
    quoted = [json.dumps(part, ensure_ascii=False) for part in parts[1::2]]
    mixed = [piece for pair in zip(plain, [*quoted, ""], strict=False) for piece in pair]
    arguments = _arguments(_json("".join(mixed)))
    return [Call(name, arguments)] if name and arguments is not None else None


def _read_mistral(body: str) -> list[Call] | None:
    """`[{…}, …]`, or `name{…}` / `name[ARGS]{…}`, repeated behind further `[TOOL_CALLS]`."""
    calls: list[Call] = []
    for part in body.split("[TOOL_CALLS]"):
        named = re.fullmatch(
            r"\s*+([\w.-]++)\s*+(?:\[CALL_ID\][^\[{]*+)?(?:\[ARGS\])?\s*(\{.*)", part, re.DOTALL
        )
        if named:
            arguments = _arguments(_json(named[2]))
            found = None if arguments is None else [Call(named[1], arguments)]
        else:
            found = _read_json(part)
        if found is None:
            return None
        calls += found
    return calls


def _read_llama(body: str) -> list[Call] | None:
    """`{…}` or several behind one another, split by `;`."""
    whole = _read_json(body)
    if whole is not None:
        return whole
    parts = [_read_json(part) for part in re.split(r";\s*(?=\{)", body)]
    return None if None in parts else [call for part in parts if part for call in part]


_DEEPSEEK_CALL = re.compile(
    r"(?:function)?<｜tool▁sep｜>([^\n<]+)\n```json\n(.*?)\n?```|([^\n<]+)<｜tool▁sep｜>(.*)",
    re.DOTALL,
)


def _read_deepseek(body: str) -> list[Call] | None:
    calls: list[Call] = []
    for part in body.split("<｜tool▁call▁begin｜>")[1:]:
        match = _DEEPSEEK_CALL.fullmatch(part.split("<｜tool▁call▁end｜>")[0].strip())
        if match is None:
            return None
        name, arguments = match[1] or match[3], _arguments(_json(match[2] or match[4]))
        if arguments is None:
            return None
        calls.append(Call(name.strip(), arguments))
    return calls or None


_HARMONY_CALL = re.compile(r"([\w.-]++)[^{]*?<\|message\|>(\{.*)", re.DOTALL)


def _read_harmony(body: str) -> list[Call] | None:
    match = _HARMONY_CALL.fullmatch(body)
    arguments = _arguments(_json(match[2])) if match else None
    return [Call(match[1], arguments)] if match and arguments is not None else None


BLOCKS = {
    "<tool_call>": Block("</tool_call>", _read_tagged),
    "<function_call>": Block("</function_call>", _read_tagged),
    "<function=": Block("</function>", _read_function),
    "<|tool_call|>": Block("", _read_json),
    "<|tool_call>": Block("<tool_call|>", _read_gemma),
    "[TOOL_CALLS]": Block("", _read_mistral),
    "<|python_tag|>": Block("", _read_llama),
    "<｜tool▁calls▁begin｜>": Block("<｜tool▁calls▁end｜>", _read_deepseek),
    "<|channel|>commentary to=functions.": Block("<|call|>", _read_harmony),
}
_OPENINGS = tuple(BLOCKS)
_MOST_BROKEN = 32  # a reply of nothing but openings would be read again from each of them
_BARE = ('{"name"', '{"function"', '{"type"', '{"parameters"', '{"arguments"', '[{"name"')


# ---------------------------------------------------------------- the stream


class ToolCalls:
    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._opening = ""
        self._held = ""
        self._searched = 0  # how much of the held block is known not to hold its end
        self._bare = bool(names)  # the answer so far may be one bare JSON call
        self._beside = False  # the last thing that came out was a call
        self._broken = 0  # blocks that were none

    def feed(self, text: str) -> Found:
        if not self._names:
            return Found(text)
        self._held += text
        return self._drain(ended=False)

    def finish(self) -> Found:
        if self._bare:
            self._bare = False
            calls = _read_llama(self._held) or []
            if calls and all(call.name in self._names for call in calls):
                self._held = ""
                return Found("", _named(calls))
        return self._drain(ended=True)

    def _drain(self, *, ended: bool) -> Found:
        out, calls = "", list[ToolCall]()
        while True:
            if self._opening:
                done = self._inside(calls, ended=ended)
                if done is None:
                    break
                out += done
                continue
            part, found = self._outside(ended=ended)
            if self._beside:
                part = part.lstrip()
            self._beside = self._beside and not part
            out += part
            if not found:
                break
        return Found(out, tuple(calls))

    def _outside(self, *, ended: bool) -> tuple[str, bool]:
        """Text that is sure, and whether a block begins behind it."""
        if self._bare:
            if self._may_be_bare():
                return "", False
            self._bare = False
        text = self._held
        hit = first_of(text, _OPENINGS) if self._broken < _MOST_BROKEN else None
        if hit is not None:
            at, self._opening = hit
            self._held, self._searched = text[at + len(self._opening) :], 0
            return text[:at], True
        keep = len(text) if ended else len(text) - tail_overlap(text, _OPENINGS)
        self._held = text[keep:]
        return text[:keep], False

    def _inside(self, calls: list[ToolCall], *, ended: bool) -> str | None:
        """Ends the block if that is possible: its text when malformed; None: wait."""
        block, text = BLOCKS[self._opening], self._held
        at = text.find(block.close, self._searched) if block.close else -1
        if at < 0 and not ended:
            self._searched = max(0, len(text) - len(block.close))
            return None
        body, rest = (text, "") if at < 0 else (text[:at], text[at + len(block.close) :])
        opening, self._opening = self._opening, ""
        found = block.read(body)
        if found is None:
            self._beside = False
            self._broken += 1
            return opening  # as text; what follows is looked at again, it may hold a good block
        self._held, self._beside = rest, True
        calls += _named(found)
        return ""

    def _may_be_bare(self) -> bool:
        start = re.sub(r"\s", "", self._held[:64])
        return any(start.startswith(mark) or mark.startswith(start) for mark in _BARE)


def _named(calls: list[Call]) -> tuple[ToolCall, ...]:
    # JSON can name half a surrogate pair, which no pipe and no database takes.
    return tuple(
        ToolCall(f"call_{secrets.token_hex(6)}", clean_text(call.name), clean_text(call.arguments))
        for call in calls
    )
