"""Leaves written back as Markdown say the same, in the same places, as the text they came from."""

import pytest
from hypothesis import given, settings

from app.ui.transcript.copying import written_out
from app.ui.transcript.leaves import Code, Formula, Leaf, Rule, Span, Spans, Table, Text
from app.ui.transcript.markdown import parse
from tests.ui.transcript.texts import EXAMPLES, documents


def said(source: str) -> list[object]:
    """What is said where; which spaces are bold, and how tight a list is, may differ."""
    return [_said(leaf) for group in parse(source) for leaf in group]


def _said(leaf: Leaf) -> object:
    match leaf:
        case Text():
            return ("text", leaf.level, leaf.within, _words(leaf.spans))
        case Table():
            return ("table", leaf.aligns, leaf.within, [[_words(c) for c in r] for r in leaf.rows])
        case Code() | Formula() | Rule():
            return leaf
        case _:
            raise AssertionError(leaf)


def _style(span: Span) -> tuple[bool, ...]:
    formula = span.kind in ("math", "display")  # has no bold or italic of its own
    return () if formula else (span.bold, span.italic, span.strike)


def _words(spans: Spans) -> list[tuple[object, ...]]:
    return [
        (word, span.kind, span.href, *_style(span)) for span in spans for word in span.text.split()
    ]


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "images"])
def test_examples_come_back(name: str) -> None:
    leaves = [leaf for group in parse(EXAMPLES[name]) for leaf in group]
    assert said(written_out(leaves, "markdown")) == said(EXAMPLES[name])


@settings(max_examples=150, deadline=None)
@given(documents)
def test_documents_come_back(source: str) -> None:
    leaves = [leaf for group in parse(source) for leaf in group]
    assert said(written_out(leaves, "markdown")) == said(source)
