"""The rules of one grammar while it is written, and the proof that it stays small at work.

Pure. A grammar engine follows every reading of the text so far at once. Always true: no rule can
begin with itself (compiling that ends the process), and the readings that can be open at the
same time are bounded, because they decide what a token costs.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from app.core.errors import InvalidRequest
from app.engine.gbnf import PRIMITIVES

DEEPEST = 32
MOST_NODES = 2_000
MOST_READINGS = 5_000
LONGEST_GRAMMAR = 256 * 1024


class _Rule(NamedTuple):
    body: str = ""
    heads: tuple[str, ...] = ()  # rules it is a choice of
    inside: tuple[str, ...] = ()  # rules that follow behind a bracket of its own
    readings: int = 1  # open at once in the rule itself
    opening: str = ""  # what it always begins with, to tell it from others


class Rules:
    def __init__(self) -> None:
        self._rules: dict[str, _Rule] = {}
        self._length = 0
        self._nodes = 0

    def visit(self, depth: int) -> None:
        """Counts one node of a schema."""
        self._nodes += 1
        if depth > DEEPEST or self._nodes > MOST_NODES:
            raise InvalidRequest("The schema is too large or too deeply nested.")

    def reserve(self) -> str:
        name = f"r{len(self._rules)}"
        self._rules[name] = _Rule()
        return name

    def add(
        self,
        body: str,
        *,
        name: str = "",
        heads: Sequence[str] = (),
        inside: Sequence[str] = (),
        readings: int = 1,
        opening: str = "",
    ) -> str:
        name = name or self.reserve()
        self._rules[name] = _Rule(body, tuple(heads), tuple(inside), readings, opening)
        self._length += len(body) + 16
        if self._length > LONGEST_GRAMMAR:
            raise InvalidRequest("The schema is too large.")
        return name

    def grammar(self, root: str) -> str:
        self._refuse_circles()
        try:
            self._readings(root, {})
        except RecursionError as error:
            raise InvalidRequest("The schema is too deeply nested.") from error
        self._refuse_forking_circles()
        bodies = PRIMITIVES | {name: rule.body for name, rule in self._rules.items()}
        lines = [f"root ::= {root}", *(f"{name} ::= {body}" for name, body in bodies.items())]
        return "\n".join(lines) + "\n"

    def _refuse_circles(self) -> None:
        """A choice that comes back to itself before anything is written has no end."""
        done: set[str] = set()
        for start in self._rules:
            path: dict[str, None] = {}
            todo = [(start, False)]
            while todo:
                name, leaving = todo.pop()
                if leaving:
                    del path[name]
                    done.add(name)
                elif name in path:
                    raise InvalidRequest("The schema refers to itself without an end.")
                elif name not in done and name in self._rules:
                    path[name] = None
                    todo.append((name, True))
                    todo += [(head, False) for head in self._rules[name].heads]

    def _readings(self, name: str, known: dict[str, int]) -> int:
        """How many readings of one text can be open in a rule; a circle counts once."""
        if name in known or name not in self._rules:
            return known.get(name, 1)
        rule = self._rules[name]
        known[name] = 1
        choices = [self._readings(head, known) for head in rule.heads]
        inner = [self._readings(part, known) for part in rule.inside]
        known[name] = max([rule.readings, sum(choices), *inner])
        if known[name] > MOST_READINGS:
            raise InvalidRequest("The schema offers too many choices at once.")
        return known[name]

    def _refuse_forking_circles(self) -> None:
        """Inside a circle, choices that begin alike would double with every turn."""
        for name, rule in self._rules.items():
            if len(rule.heads) > 1 and self._alike(rule) and self._comes_back(name):
                raise InvalidRequest(
                    "The schema refers to itself through choices that begin alike. Let each "
                    "begin with a required constant of its own."
                )

    def _alike(self, rule: _Rule) -> bool:
        options = [self._rules[name] for name in self._ends(rule) if name in self._rules]
        open_ended = [option for option in options if option.inside]
        openings = sorted(option.opening for option in open_ended if option.opening)
        arrays = [option for option in open_ended if option.body.startswith('"["')]
        vague = len(open_ended) - len(arrays) - len(openings)
        begin_alike = any(b.startswith(a) for a, b in pairwise(openings))
        return len(arrays) > 1 or vague > 1 or bool(vague and openings) or begin_alike

    def _ends(self, rule: _Rule) -> list[str]:
        """The rules a choice comes down to."""
        seen: dict[str, bool] = {}
        todo = [*rule.heads]
        while todo:
            name = todo.pop()
            if name not in seen:
                heads = self._rules[name].heads if name in self._rules else ()
                seen[name] = not heads
                todo += heads
        return [name for name, last in seen.items() if last]

    def _comes_back(self, name: str) -> bool:
        seen: set[str] = set()
        todo = [*self._rules[name].heads]
        while todo:
            one = todo.pop()
            if one == name:
                return True
            if one not in seen and one in self._rules:
                seen.add(one)
                todo += (*self._rules[one].heads, *self._rules[one].inside)
        return False
