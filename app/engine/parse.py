"""Reads one reply while it streams: bytes in; text, thinking, tool calls and the stop out.

Pure, one object per reply, on the decode thread. The stages: UTF-8 → thinking → tool calls →
stop strings (which therefore count in the answer only, not in the thinking or in a call).
Always true: how the bytes were split never changes the result; what is not recognised is text;
bytes that are no text become U+FFFD.
"""

from codecs import getincrementaldecoder
from collections.abc import Collection, Sequence
from typing import NamedTuple

from app.core.messages import ToolCall
from app.engine.reasoning import BETWEEN, PAIRS, Reasoning
from app.engine.stops import Stops
from app.engine.toolcalls import BLOCKS, ToolCalls

# Control tokens that carry meaning in a reply; all others are hidden from it (see Vocab).
SHOWN = frozenset(
    {*PAIRS, *PAIRS.values(), *BETWEEN, *BLOCKS, *(block.close for block in BLOCKS.values())}
    | {"[ARGS]", "[CALL_ID]", "<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"}
    | {"<|channel>", '<|"|>'}
    | {"<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", "<｜tool▁sep｜>"}
)


class Parsed(NamedTuple):
    text: str = ""
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    stopped: bool = False  # a stop string was found: nothing after it counts


class OutputParser:
    """`tools` are the offered names; `opened` is the thinking tag the prompt left open."""

    def __init__(
        self, *, tools: Collection[str] = (), stop: Sequence[str] = (), opened: str = ""
    ) -> None:
        self._utf8 = getincrementaldecoder("utf-8")("replace")
        self._reasoning = Reasoning(opened)
        self._calls = ToolCalls(tools)
        self._stops = Stops(stop)

    def feed(self, piece: bytes) -> Parsed:
        if self._stops.found:
            return Parsed(stopped=True)
        split = self._reasoning.feed(self._utf8.decode(piece))
        found = self._calls.feed(split.text)
        text = self._stops.feed(found.text)
        return Parsed(text, split.reasoning, found.calls, self._stops.found)

    def finish(self) -> Parsed:
        """The end of the reply: everything still held back."""
        if self._stops.found:
            return Parsed(stopped=True)
        first = self._reasoning.feed(self._utf8.decode(b"", final=True))
        last = self._reasoning.finish()
        found = self._calls.feed(first.text + last.text)
        rest = self._calls.finish()
        text = self._stops.feed(found.text + rest.text) + self._stops.finish()
        return Parsed(
            text, first.reasoning + last.reasoning, found.calls + rest.calls, self._stops.found
        )
