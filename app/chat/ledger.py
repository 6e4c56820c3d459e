"""The fact ledger: exact things a summary would blur, kept word for word.

A pure function of the conversation. An entry is a short verbatim clause that holds at least
one hard value; its key is the clause without that value, so that a newer clause saying the
same thing of another value replaces it and keeps the old one as history. Every entry
remembers its message.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from app.core.ids import MessageId
from app.storage.segments import LedgerEntry

Kind = Literal["constraint", "quote", "url", "path", "date", "code", "number", "name", "self"]

_LONGEST_CLAUSE = 220
_HISTORY = 3
_NEAR = 5
_WISHES_SHARE = 0.75  # of the space: there must be room for what was said of other things
_QUOTES = '"“”„«»`'

# Ordered: an earlier kind claims its characters before a later one looks at them.
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("quote", re.compile(r"\"[^\"\n]{2,120}\"|“[^”\n]{2,120}”|„[^“\n]{2,120}“|«[^»\n]{2,120}»")),
    (
        "url",
        re.compile(r"\b(?:https?|ftp|ssh|file)://[^\s<>\"'`)\]]+|\b[\w.+-]+@[\w-]+\.[\w.-]+\w"),
    ),
    (
        "path",
        re.compile(
            r"(?<![\w/])(?:~|\.{1,2})?/(?:[\w.@+-]+/)*[\w.@+-]+|\b[A-Za-z]:\\[\w\\.@ +-]+\w"
            r"|\b[\w-]+(?:/[\w.-]+){2,}|\b[\w-]+\.(?:py|js|ts|json|ya?ml|toml|md|txt|csv|pdf|docx?|"
            r"xlsx?|pptx?|c|h|cpp|rs|go|java|sh|sql|html?|css|gguf|log|ini|cfg|conf|zip|tar|gz)\b"
        ),
    ),
    (
        "date",
        re.compile(
            r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b"
            r"|\b(?:\d{1,2}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?)?(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|"
            r"Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|"
            r"Dec(?:ember)?|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember)\b"
            r"(?:\s+\d{1,2}(?:st|nd|rd|th)?(?!\d))?(?:,?\s+\d{4})?"
            r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|\b\d{1,2}:\d{2}(?:\s?[ap]m)?\b"
            r"|\b\d{1,2}\s?[ap]m\b|\bnoon\b|\bmidnight\b",
        ),
    ),
    (
        "code",
        re.compile(
            r"`[^`\n]+`|\b[a-z]+(?:_[a-z0-9]+)+\b|\b[a-z]+[A-Z]\w*\b|\b[A-Z]+(?:_[A-Z0-9]+)+\b"
            r"|\b\w+\(\)|\b(?=\w*\d)(?=\w*[A-Za-z])\w+(?:[-.:]\w+)+\b|\b(?=\w*\d)(?=\w*[A-Z])\w{3,}\b"
            r"|#[0-9A-Fa-f]{3,8}\b|--?[a-z][\w-]{2,}(?==|\b)"
        ),
    ),
    (
        "number",
        re.compile(
            r"(?:[$€£¥]\s?)?[-+]?\b\d[\d,.' ]*\d\b(?:\s?%|\s?[$€£¥]|\s?[A-Za-zµ°/²³]{1,12}\b)?"
            r"|(?:[$€£¥]\s?)?[-+]?\b\d\b(?:\s?%|\s?[$€£¥]|\s?[A-Za-zµ°/²³]{1,12}\b)?"
            r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|"
            r"fifty|sixty|hundred|thousand|dozen|half)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "name",
        re.compile(r"(?<=[\w,;:] )[A-ZÀ-ÖØ-Þ][\w'’-]+(?: [A-ZÀ-ÖØ-Þ][\w'’-]+)*|\b[A-Z]{2,}\b"),
    ),
)
# What people want or cannot have, by the ways in which language says so.
_CONSTRAINT = re.compile(
    r"^(?:(?:and|but|so|also|ok|well|then)\b,? )?(?:"
    # orders, those to leave something away, and what is to be kept to
    r"no\b(?! (?:problem|idea|doubt|wonder|way|one|matter|worries|need|thanks)\b)|nothing\b|skip\b|"
    r"omit\b|leave\b|stop\b|stick to\b|keep\b|let's keep\b|without\b|kein\w*\b)"
    # always, or never: where it is not told of the past
    r"|\b(?:(?:always|never|only)(?! (?:\w+ed|was|were|had|said|went|came)\b)|whenever|"
    r"every time|from now on|in future|under no circumstances|no matter|"
    r"avoid|make sure|remember(?![?!])|keep in mind|leave (?:\w+ ){0,3}out|"
    # limits
    r"at most|at least|no more than|instead of|"
    # what must be, and what must or may not
    r"must(?:n't)?|has to|have to(?! (?:say|admit|ask))|had to be|"
    r"(?<!\bi )(?<!\bwe )needs? to|ought to|should(?:n't)?|allowed|supposed to|(?:i|we) won't|"
    r"(?:don't|do not)(?! (?:know|think|mind|see|get|understand|worry)\b)|"
    r"(?:can't|cannot|can not)(?! (?:believe|wait|complain|help|say|tell|imagine)\b)|"
    # likes and dislikes, and the body's
    r"prefer|rather (?!than|good|bad|nice)|(?:i|we)(?:'d| would) like|(?:i|we) hate|"
    r"(?:i|we) (?:want|need)(?! to (?!be\b))|"
    r"please use|allergic|intolerant|vegan|vegetarian|makes? me (?:ill|sick)|"
    r"immer|nie(?:mals)?|nur|bitte|muss|darf|soll(?:te)?|ohne|lieber)\b",
    re.IGNORECASE,
)
# "My favourite colour is teal": what follows the verb is the value.
_SELF = re.compile(
    r"\b(?:my|our|i|we|mein\w*|unser\w*)\b[^.!?]{1,60}?\b(?:is|are|was|were|am|like|love|hate|"
    r"prefer|live|work|drive|own|play|speak|use|called|named|ist|sind|heißt)\b\s+(?P<value>.+)",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"(?<=[.!?;。！？])\s+|\n+|(?<=[.!?])$")
_COMMON = frozenset(
    """i a an the is are was be been my our your his her its their this that it to of in on at for
    and or but so with as by from has have had will would now just really actually also we he
    she they you me new changed moved set updated instead""".split()
)
_NOT_NAMES = frozenset("I I'm I'll I've I'd OK The A An It This That We You He She They".split())


def extract(text: str, message: MessageId) -> list[LedgerEntry]:
    """The clauses of one message that hold something exact. Questions state nothing."""
    entries: list[LedgerEntry] = []
    for clause in _clauses(text):
        values = _values(clause)
        kind = "constraint" if _CONSTRAINT.search(clause) else values[0][0] if values else None
        if kind is not None:
            short = _around(clause, values)
            entries.append(LedgerEntry(kind, short, message, _key(clause, values)))
    return entries


def confirmed(
    text: str, sources: Sequence[tuple[MessageId, str]], known: Sequence[LedgerEntry]
) -> list[LedgerEntry]:
    """What a model's own summary adds: clauses whose every value was said, word for word.

    Each is tied to the newest of the sources (oldest first) that said it; what a known entry
    holds already is no news.
    """
    added: list[LedgerEntry] = []
    for entry in extract(text, MessageId(0)):
        values = [entry.text[s:e].strip(_QUOTES) for k, s, e in _values(entry.text) if k != "self"]
        told = any(all(value in old.text for value in values) for old in (*known, *added))
        source = next((id_ for id_, said in reversed(sources) if all(v in said for v in values)), 0)
        if values and source and not told:
            added.append(msgspec.structs.replace(entry, message_id=MessageId(source)))
    return added


def merge(ledger: Sequence[LedgerEntry], new: Iterable[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """Newest value wins; the value it replaces stays as history. Order is by last change."""
    by_key = {_about(entry): entry for entry in ledger}
    for entry in new:
        by_key[_about(entry)] = _replacing(by_key.pop(_about(entry), None), entry)
    return tuple(by_key.values())


def _about(entry: LedgerEntry) -> str:
    """Files that were exported by early versions hold no keys."""
    return entry.key or entry.text.casefold()


def _replacing(old: LedgerEntry | None, new: LedgerEntry) -> LedgerEntry:
    if old is None:
        return new
    past = old.history if old.text == new.text else (*old.history, old.text)
    return msgspec.structs.replace(new, history=past[-_HISTORY:])


def fit(ledger: Sequence[LedgerEntry], size_bytes: int) -> tuple[LedgerEntry, ...]:
    """What fits into the budget: wishes first, up to a share, then the newest; order is kept."""
    newest = range(len(ledger) - 1, -1, -1)
    wishes = [index for index in newest if ledger[index].kind == "constraint"]
    chosen: set[int] = set()
    _fill(chosen, ledger, wishes, int(size_bytes * _WISHES_SHARE))
    _fill(chosen, ledger, newest, size_bytes)
    return tuple(ledger[i] for i in sorted(chosen))


def _fill(
    chosen: set[int], ledger: Sequence[LedgerEntry], indices: Sequence[int], size_bytes: int
) -> None:
    left = size_bytes - sum(_cost(ledger[index]) for index in chosen)
    for index in indices:
        if index not in chosen and _cost(ledger[index]) <= left:
            left -= _cost(ledger[index])
            chosen.add(index)


def _cost(entry: LedgerEntry) -> int:
    return len(line(entry).encode()) + 1


def line(entry: LedgerEntry) -> str:
    was = f" (before: {entry.history[-1]})" if entry.history else ""
    return f"- {entry.text}{was}"


def _clauses(text: str) -> list[str]:
    pieces = (piece.strip(" \t-*•>#") for piece in _CLAUSE_END.split(text))
    return [piece for piece in pieces if piece and not piece.endswith(("?", "？"))]


def _values(clause: str) -> list[tuple[Kind, int, int]]:
    taken: list[tuple[Kind, int, int]] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(clause):
            start, end = match.span()
            if match.group() in _NOT_NAMES or any(s < end and start < e for _, s, e in taken):
                continue
            taken.append((kind, start, end))
    if not taken and (match := _SELF.search(clause)):
        taken.append(("self", *match.span("value")))
    return taken


def _around(clause: str, values: Sequence[tuple[Kind, int, int]]) -> str:
    if len(clause) <= _LONGEST_CLAUSE:
        return clause
    start = min((s for _, s, _ in values), default=0)
    begin = max(0, min(start - _LONGEST_CLAUSE // 2, len(clause) - _LONGEST_CLAUSE))
    cut = clause[begin : begin + _LONGEST_CLAUSE]
    return ("… " if begin else "") + cut.strip() + " …"


def _key(clause: str, values: Sequence[tuple[Kind, int, int]]) -> str:
    """What the clause is about: its words without the value it ends in.

    Earlier values stay: "box 3 holds 7 pens" is about box 3. Two facts kept apart cost a
    line; two taken for one lose a fact.
    """
    start, end = _last_value(values) if values else (0, 0)
    words = re.findall(r"\w+", (clause[:start] + " " + clause[end:]).lower())
    said = " ".join(word for word in words if word not in _COMMON)
    # With nothing left but the value there is nothing it is said of: the clause is its own key.
    return said or clause.lower()


def _last_value(values: Sequence[tuple[Kind, int, int]]) -> tuple[int, int]:
    """The span of the last value, with those it directly follows ("14 March at 15:30")."""
    spans = sorted((start, end) for _, start, end in values)
    first, last = spans[-1]
    for start, end in reversed(spans[:-1]):
        if first - end > _NEAR:
            break
        first = start
    return first, last
