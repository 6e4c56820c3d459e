"""Code to coloured runs, resuming from the last trusted line while a block still streams.

Main thread; pygments is imported, and each lexer compiled, beside it. A regex lexer's state
stack is kept at every line end; new text restarts two lines back, because a token may
look across a line break. Lexers that cannot resume start over.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from app.ui.theme import Syntax
from app.ui.transcript.errands import Errands

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_MAX_LANGUAGES = 200  # a text may name any number of them
MAX_COLOURED = 60_000  # characters; longer blocks stay plain
_UNTRUSTED_LINES = 3  # the line break that is added counts as one

Run = tuple[str, str]  # text and the name of its tone in `Syntax`, or ""
_TONES = (
    ("Comment", "comment"),
    ("Keyword.Type", "type"),
    ("Keyword.Constant", "constant"),
    ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("Name.Function", "function"),
    ("Name.Class", "type"),
    ("Name.Builtin", "function"),
    ("Name.Exception", "type"),
    ("Name.Decorator", "function"),
    ("Name.Tag", "tag"),
    ("Name.Attribute", "type"),
    ("Name.Constant", "constant"),
    ("Literal.String", "string"),
    ("Literal.Number", "number"),
    ("Generic.Inserted", "inserted"),
    ("Generic.Deleted", "deleted"),
    ("Generic.Heading", "keyword"),
    ("Generic.Subheading", "keyword"),
)


class Lexers:
    """Lexers by the name of their language, loaded as errands: compiling one takes a while."""

    def __init__(self, errands: Errands) -> None:
        self._errands = errands
        self._asked: set[str] = set()
        self._known: dict[str, Lexer | None] = {"": None}

    def find(self, language: str) -> "Lexer | Literal['waiting'] | None":
        if language in self._known:
            return self._known[language]
        if language not in self._asked and len(self._known) < _MAX_LANGUAGES:
            self._asked.add(language)
            self._errands.add(lambda: self._load(language))
        return "waiting" if language in self._asked else None

    def _load(self, language: str) -> None:
        self._known[language] = load_lexer(language)


class Highlighter:
    """Colours one growing text."""

    def __init__(self, lexer: "Lexer | None") -> None:
        self._lexer = lexer
        self._resumes = self._lexer is not None and _can_resume(self._lexer)
        self._trusted: list[tuple[int, tuple[str, ...]]] = [(0, ("root",))]

    def feed(self, text: str) -> tuple[int, list[Run]]:
        """Where the runs start, and everything from there on; `text` only ever grows."""
        if self._lexer is None or len(text) > MAX_COLOURED:
            return 0, [(text, "")]
        if not self._resumes:
            return 0, self._whole(text)
        del self._trusted[max(1, len(self._trusted) - _UNTRUSTED_LINES) :]
        start, stack = self._trusted[-1]
        # Many a rule ends at a line break, which the last line does not have yet.
        runs = _merged(self._resume(f"{text}\n", start, stack))
        return start, _without_last_character(runs)

    def _whole(self, text: str) -> list[Run]:
        assert self._lexer is not None
        found = self._lexer.get_tokens_unprocessed(f"{text}\n")
        runs = _merged([(value, _tone(kind)) for _, kind, value in found])
        same = "".join(value for value, _ in runs) == f"{text}\n"
        return _without_last_character(runs) if same else [(text, "")]

    def _resume(self, text: str, at: int, stack: tuple[str, ...]) -> list[Run]:
        """The loop of pygments' RegexLexer, noting the state stack after each line."""
        rules: dict[str, Any] = getattr(self._lexer, "_tokens")  # noqa: B009
        states = list(stack)
        runs: list[Run] = []
        while at < len(text):
            for matches, action, new_state in rules[states[-1]]:
                match = matches(text, at)
                if not match:
                    continue
                if action is not None:
                    runs.extend(_acted(action, self._lexer, match))
                at = match.end()
                _enter(states, new_state)
                break
            else:
                if text[at] == "\n":
                    states = ["root"]
                runs.append((text[at], ""))
                at += 1
            if text[at - 1] == "\n" and at > self._trusted[-1][0]:
                self._trusted.append((at, tuple(states)))
        return runs


def _without_last_character(runs: list[Run]) -> list[Run]:
    text, tone = runs[-1]
    return [*runs[:-1], (text[:-1], tone)] if len(text) > 1 else runs[:-1]


def _acted(action: Any, lexer: Any, match: Any) -> list[Run]:
    if callable(action):
        found: Any = action(lexer, match)
        return [(value, _tone(kind)) for _, kind, value in found if value]
    return [(match.group(), _tone(action))] if match.group() else []


def _enter(states: list[str], new: Any) -> None:
    if new is None:
        return
    if isinstance(new, int):
        del states[max(1, len(states) + new) if new < 0 else new :]
        return
    for state in (new,) if isinstance(new, str) else new:
        if state == "#pop":
            if len(states) > 1:
                states.pop()
        else:
            states.append(states[-1] if state == "#push" else state)


def tone_color(syntax: Syntax, tone: str) -> str:
    return str(getattr(syntax, tone)) if tone else ""


def _merged(pieces: list[Run]) -> list[Run]:
    runs: list[Run] = []
    for value, tone in pieces:
        if runs and (runs[-1][1] == tone or value.isspace()):
            runs[-1] = (runs[-1][0] + value, runs[-1][1])
        elif value:
            runs.append((value, tone))
    return runs


@lru_cache(512)
def _tone(kind: Any) -> str:
    name = ".".join(kind)
    return next((tone for prefix, tone in _TONES if name.startswith(prefix)), "")


@lru_cache(64)
def load_lexer(language: str) -> "Lexer | None":
    from pygments import lexers
    from pygments.util import ClassNotFound

    find: Any = getattr(lexers, "get_lexer_by_name")  # noqa: B009
    try:
        return find(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _can_resume(lexer: "Lexer") -> bool:
    from pygments.lexer import DelegatingLexer, ExtendedRegexLexer, RegexLexer

    kind: Any = type(lexer)
    return (
        isinstance(lexer, RegexLexer)
        and not isinstance(lexer, (ExtendedRegexLexer, DelegatingLexer))
        and kind.get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed
    )
