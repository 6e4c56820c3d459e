"""A rendered prompt, in which what people typed can never become a control token.

Pure; on the io thread. `Disguise` replaces every special-token text inside a message by one
private character before the template sees it; `reveal` puts the text back and marks the stretch
around it as plain. Always true: only what the template itself wrote is read for control tokens.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple, Protocol

# Plane 16, private use: hardly ever typed, and if it is, it gets a disguise like any other.
_FIRST, _LAST = 0x100000, 0x10FFFD
_PRIVATE = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")
_ESCAPED = re.compile(r"\\udb([c-f][0-9a-f])\\ud([c-f][0-9a-f]{2})", re.IGNORECASE)


class Tokenizer(Protocol):
    add_bos: bool
    bos: int

    def tokenize(self, text: str, *, special: bool) -> list[int]: ...


class Segment(NamedTuple):
    text: str
    special: bool  # whether control tokens are read from it


class Prompt(NamedTuple):
    segments: tuple[Segment, ...]
    opened: str = ""  # the thinking tag the prompt ends inside of
    notes: tuple[str, ...] = ()  # what was changed in the messages to suit the template
    stops: tuple[str, ...] = ()  # texts that end a reply where the template has no token for it

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)

    def tokens(self, vocab: Tokenizer) -> list[int]:
        tokens: list[int] = []
        for text, special in self.segments:
            tokens += vocab.tokenize(text, special=special)
        if vocab.add_bos and tokens[:1] != [vocab.bos]:
            tokens.insert(0, vocab.bos)
        return tokens

    def before(self, characters: int) -> "Prompt":
        kept: list[Segment] = []
        for text, special in self.segments:
            if characters > 0:
                kept.append(Segment(text[:characters], special))
            characters -= len(text)
        return self._replace(segments=tuple(kept))

    def after(self, characters: int) -> "Prompt":
        """The rest behind a prefix that is already tokenized elsewhere."""
        rest: list[Segment] = []
        for segment in self.segments:
            cut = min(characters, len(segment.text))
            characters -= cut
            if cut < len(segment.text):
                rest.append(Segment(segment.text[cut:], segment.special))
        return self._replace(segments=tuple(rest))


class Disguise:
    """The aliases of one render."""

    def __init__(self, special: Collection[str]) -> None:
        self._special = frozenset(text for text in special if text)
        self._lengths = sorted({len(text) for text in self._special}, reverse=True)
        starts = "".join(re.escape(text) for text in sorted({text[0] for text in self._special}))
        self._start = re.compile(f"[{starts}]") if starts else None
        self._alias: dict[str, str] = {}
        self._meaning: dict[str, str] = {}

    def hide(self, text: str) -> str:
        text = _PRIVATE.sub(lambda match: self._alias_of(match[0]), text)
        parts, done = list[str](), 0
        for begin, end in self._occurrences(text):
            parts += (text[done:begin], self._alias_of(text[begin:end]))
            done = end
        return "".join([*parts, text[done:]])

    def reveal(self, rendered: str) -> tuple[Segment, ...]:
        if not self._meaning:
            return (Segment(rendered, True),) if rendered else ()
        rendered = _ESCAPED.sub(self._unescape, rendered)
        segments: list[Segment] = []
        begin = 0
        for start, end in [*self._occurrences(rendered), (len(rendered), len(rendered))]:
            self._append(segments, rendered[begin:start])
            if end > start:
                _join(segments, Segment(rendered[start:end], True))
            begin = end
        return tuple(segments)

    def plain(self, text: str) -> str:
        return _PRIVATE.sub(lambda match: self._meaning.get(match[0], match[0]), text)

    def last_control(self, prompt: Prompt) -> int:
        """Where the last control token begins that the template wrote; 0 without any."""
        last, begin = 0, 0
        for text, special in prompt.segments:
            if special:
                last = max([last, *(begin + start for start, _ in self._occurrences(text))])
            begin += len(text)
        return last

    def _append(self, segments: list[Segment], run: str) -> None:
        """A run between two control tokens; plain as a whole when it holds a disguise."""
        plain = self.plain(run)
        if run:
            _join(segments, Segment(plain, plain == run))

    def _occurrences(self, text: str) -> Iterator[tuple[int, int]]:
        """Special-token texts, the longest at each place."""
        at = 0
        while self._start is not None and (match := self._start.search(text, at)):
            begin = match.start()
            lengths = (n for n in self._lengths if text[begin : begin + n] in self._special)
            length = next(lengths, 0)
            if length:
                yield begin, begin + length
            at = begin + (length or 1)

    def _alias_of(self, text: str) -> str:
        alias = self._alias.get(text)
        if alias is None:
            alias = self._alias[text] = chr(_FIRST + len(self._alias))
            self._meaning[alias] = text
        return alias

    def _unescape(self, match: re.Match[str]) -> str:
        """A template that writes JSON in ASCII turns an alias into its two surrogates."""
        high, low = int("db" + match[1], 16), int("d" + match[2], 16)
        alias = chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        return alias if alias in self._meaning else match[0]


def _join(segments: list[Segment], segment: Segment) -> None:
    """Neighbours that are read alike are read together."""
    if segments and segments[-1].special and segment.special:
        segments[-1] = Segment(segments[-1].text + segment.text, True)
    else:
        segments.append(segment)
