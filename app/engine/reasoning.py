"""Separates a model's thinking from its answer while the text streams.

Pure, one object per reply. Always true: thinking is only recognised at the beginning of a reply
(a later `<think>` is something the model talks about), or open from the first character when the
prompt ends inside a thinking block; only line breaks beside a tag are dropped, nothing else.
"""

from typing import NamedTuple

from app.engine.stops import tail_overlap

CHANNEL = "<|channel|>analysis<|message|>"

# What opens a thinking block and what closes it, in the templates we know.
PAIRS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    CHANNEL: "<|end|>",
    "<|channel>thought": "<channel|>",
}

# What some templates write between the thinking and the answer.
BETWEEN = (
    "<|start|>assistant",
    "<|channel|>final<|message|>",
    "<|begin_of_solution|>",
    "<|START_RESPONSE|>",
)


class Split(NamedTuple):
    text: str = ""
    reasoning: str = ""


class Reasoning:
    """`opened` is the tag the prompt left open, or empty."""

    def __init__(self, opened: str = "") -> None:
        self._close: str = PAIRS.get(opened, "")
        self._leading = not self._close  # the reply's first words are still undecided
        self._thought = bool(self._close)  # a thinking block has been seen
        self._fresh = True  # nothing of the current block has come out yet
        self._held: str = ""

    def feed(self, text: str) -> Split:
        self._held += text
        answer, thought = "", ""
        while True:
            if self._close:
                part, again = self._think()
                thought += part
            elif self._leading:
                part, again = self._lead()
                answer += part
            else:
                answer += self._held
                self._held, again = "", False
            if not again:
                return Split(answer, thought)

    def finish(self) -> Split:
        rest, self._held = self._held, ""
        if self._close:
            return Split(reasoning=rest)
        return Split(text=rest.lstrip("\n") if self._thought and self._leading else rest)

    def _think(self) -> tuple[str, bool]:
        """Thinking that is sure, and whether the block was closed."""
        text = self._held
        if self._fresh:
            text = text.lstrip("\n")
        before, closed, after = text.partition(self._close)
        if closed:
            self._held, self._close, self._leading = after, "", True
            return before.rstrip("\n"), True
        body = text[: len(text) - tail_overlap(text, (self._close,))]
        sure = body.rstrip("\n")  # line breaks wait: the closing tag may follow them
        self._held = text[len(sure) :]
        self._fresh = self._fresh and not sure
        return sure, False

    def _lead(self) -> tuple[str, bool]:
        """The beginning of the answer once it cannot become a tag any more."""
        text = self._held.lstrip()
        for opening, close in PAIRS.items():
            if text.startswith(opening):
                self._held, self._close = text[len(opening) :], close
                self._thought = self._fresh = True
                return "", True
        for mark in BETWEEN:
            if text.startswith(mark):
                self._held, self._thought = text[len(mark) :], True
                return "", True
        if not text or any(mark.startswith(text) for mark in (*PAIRS, *BETWEEN)):
            return "", False
        answer = self._held.lstrip("\n") if self._thought else self._held
        self._held, self._leading = "", False
        return answer, False
