"""Finds stop strings in streamed text, also across the borders of its pieces.

Pure, one object per reply. Always true: text that may be the beginning of a stop string is
held back until it is decided; nothing of a found stop string, or after it, comes out.
"""

from collections.abc import Sequence


def tail_overlap(text: str, marks: Sequence[str]) -> int:
    """Length of the longest end of `text` that begins, but does not complete, one of `marks`."""
    longest = min(len(text), max(map(len, marks), default=1) - 1)
    for length in range(longest, 0, -1):
        end = text[-length:]
        if any(len(mark) > length and mark.startswith(end) for mark in marks):
            return length
    return 0


def first_of(text: str, marks: Sequence[str], start: int = 0) -> tuple[int, str] | None:
    """The earliest mark in `text`; the longest of those that begin at the same place."""
    found = [(at, -len(mark), mark) for mark in marks if (at := text.find(mark, start)) >= 0]
    if not found:
        return None
    at, _, mark = min(found)
    return at, mark


class Stops:
    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        if self.found or not self._stops:
            return "" if self.found else text
        text = self._held + text
        hit = self._decided(text)
        if hit is not None:
            self.found, self._held = True, ""
            return text[:hit]
        keep = len(text) - tail_overlap(text, self._stops)
        self._held = text[keep:]
        return text[:keep]

    def finish(self) -> str:
        rest, self._held = self._held, ""
        hit = first_of(rest, self._stops)
        self.found = self.found or hit is not None
        return rest if hit is None else rest[: hit[0]]

    def _decided(self, text: str) -> int | None:
        hit = first_of(text, self._stops)
        if hit is None:
            return None
        # A longer stop string may have begun earlier and still be growing: only when it is
        # refuted does the later, shorter one count, or the answer would depend on the split.
        growing = len(text) - tail_overlap(text, self._stops)
        return hit[0] if hit[0] <= growing else None
