"""Replies bound to a schema: what a model of pure noise writes is valid JSON of that schema."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import InvalidRequest
from app.core.messages import Tool
from app.core.sampling import Sampling
from app.engine.gbnf import integers
from app.engine.grammar import call_grammar, schema_grammar
from app.engine.llama.sampling import Candidates
from app.engine.llama.vocab import Vocab
from app.engine.sampler import Sampler
from tests.engine.library import opened
from tests.engine.replies import whole

PERSON: dict[str, Any] = {
    "type": "object",
    "title": "A person",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 12, "description": "first"},
        "age": {"type": "integer", "minimum": 18, "maximum": 120},
        "tags": {"type": "array", "items": {"enum": ["a\n", 'b"', 3, None]}, "maxItems": 3},
        "born": {"type": "string", "format": "date"},
        "pet": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/pet"}]},
    },
    "required": ["name", "age"],
    "$defs": {
        "pet": {
            "type": "object",
            "properties": {"string": {"const": "Rex"}},
            "required": ["string"],
        }
    },
}
TREE: dict[str, Any] = {
    "$ref": "#/definitions/node",
    "definitions": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": ["integer", "null"]},
                "children": {
                    "type": "array",
                    "maxItems": 2,
                    "items": {"$ref": "#/definitions/node"},
                },
            },
            "required": ["value"],
        }
    },
}
SCHEMAS: dict[str, Any] = {
    "person": PERSON,
    "tree": TREE,
    "anything": {},
    "any object": {"type": "object"},
    "map": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "nothing inside": {"type": "object", "additionalProperties": False},
    "tuple": {"type": "array", "prefixItems": [{"type": "boolean"}, {"type": "null"}]},
    "many": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 5},
    "no items": {"type": "array", "maxItems": 0},
    "pattern": {"type": "string", "pattern": r"^[A-Z]{2}-\d{3}(\"|\\|é)?$"},
    "joined": {
        "allOf": [
            {"properties": {"a": {"type": "null"}}, "required": ["a"]},
            {"properties": {"b": {"type": "boolean"}}},
        ]
    },
    "not negative": {"type": "number", "minimum": 0},
    "uuid": {"type": "string", "format": "uuid"},
    "odd names": {
        "type": "object",
        "properties": {'"\\\n天': {"type": "null"}, "root": {"const": 1}},
        "required": ['"\\\n天', "root"],
    },
}


@pytest.fixture(scope="module")
def vocab(tiny_model: Path) -> Iterator[Vocab]:
    with opened(tiny_model) as model:
        yield Vocab(model)


@pytest.fixture(scope="module")
def candidates(vocab: Vocab) -> Candidates:
    return Candidates(vocab.size)


def written(vocab: Vocab, candidates: Candidates, grammar: str, seed: int) -> str | None:
    """What noise with a wish to finish writes; None when it does not come to an end."""
    rng = np.random.default_rng(seed)
    closing = [vocab.tokenize(mark, special=False)[0] for mark in '"}]']
    sampling = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, seed=seed)
    sampler = Sampler(vocab, sampling, candidates, trained_ctx=512, grammar=grammar)
    tokens: list[int] = []
    try:
        for step in range(600):
            logits = rng.normal(size=vocab.size).astype(np.float32) * 3
            logits[closing] += step / 10
            logits[list(vocab.end_tokens)] += 20
            token = sampler.pick(logits).token
            if token in vocab.end_tokens:
                return vocab.detokenize(tokens)
            tokens.append(token)
        return None
    finally:
        sampler.close()


@pytest.mark.parametrize("name", SCHEMAS)
def test_noise_under_a_schema_is_valid(name: str, vocab: Vocab, candidates: Candidates) -> None:
    grammar = schema_grammar(json.dumps(SCHEMAS[name]))
    finished = [
        text for seed in range(4) if (text := written(vocab, candidates, grammar, seed)) is not None
    ]
    assert finished
    for text in finished:
        assert valid(json.loads(text), SCHEMAS[name], SCHEMAS[name]), text


def valid(value: Any, schema: Any, root: Any) -> bool:
    """The part of JSON schema that the schemas of this file use."""
    if schema == {} or schema is True:
        return True
    if "$ref" in schema:
        kind, name = schema["$ref"].split("/")[1:]
        return valid(value, root[kind][name], root)
    if "anyOf" in schema:
        return any(valid(value, option, root) for option in schema["anyOf"])
    if "allOf" in schema:
        return all(valid(value, part, root) for part in schema["allOf"])
    if "const" in schema:
        return bool(value == schema["const"])
    if "enum" in schema:
        return value in schema["enum"]
    kinds = schema.get("type", "object")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return any(_typed(value, kind, schema, root) for kind in kinds)


def _typed(value: Any, kind: str, schema: Any, root: Any) -> bool:
    match kind:
        case "object":
            known = schema.get("properties", {})
            extra = schema.get("additionalProperties", True)
            return (
                isinstance(value, dict)
                and all(key in value for key in schema.get("required", []))
                and all(
                    valid(item, known[key], root) for key, item in value.items() if key in known
                )
                and (
                    extra is True
                    or all(extra and valid(item, extra, root) for item in value.values())
                )
            )
        case "array":
            parts = schema.get("prefixItems")
            return (
                isinstance(value, list)
                and schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9)
                and all(valid(item, schema.get("items", {}), root) for item in value)
                and (not parts or all(map(valid, value, parts, [root] * len(parts))))
            )
        case "string":
            return (
                isinstance(value, str)
                and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9)
                and ("pattern" not in schema or bool(re.search(schema["pattern"], value)))
                and (
                    schema.get("format") != "date" or bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value))
                )
            )
        case "integer":
            low, high = schema.get("minimum", -(10**99)), schema.get("maximum", 10**99)
            return isinstance(value, int) and low <= value <= high
        case "number":
            return isinstance(value, int | float) and value >= schema.get("minimum", -1e308)
        case "boolean":
            return isinstance(value, bool)
        case _:
            return value is None


@given(st.integers(-5000, 5000), st.integers(0, 12_000))
def test_the_range_of_whole_numbers_is_exact(low: int, width: int) -> None:
    high = low + width
    matches = re.compile(as_regex(integers(low, high))).fullmatch
    for number in {low - 1, low, low + 1, (low + high) // 2, high - 1, high, high + 1, 0, -1, 10}:
        assert bool(matches(str(number))) == (low <= number <= high), number
    assert not matches("-0")
    assert not matches("007")


def as_regex(grammar: str) -> str:
    return re.sub(r'[" ]', "", grammar)


@pytest.mark.parametrize(
    ("low", "high", "inside", "outside"),
    [
        (None, None, [0, -(10**15), 10**15], []),
        (5, None, [5, 99, 10**15], [4, -5]),
        (None, -3, [-3, -40], [-2, 3]),
    ],
)
def test_open_ranges(low: Any, high: Any, inside: list[int], outside: list[int]) -> None:
    matches = re.compile(as_regex(integers(low, high))).fullmatch
    assert all(matches(str(number)) for number in inside)
    assert not any(matches(str(number)) for number in outside)


# ---------------------------------------------------------------- demanded calls


LOOK = Tool(
    name="look",
    description="",
    parameters={"properties": {"x": {"type": "integer", "multipleOf": 2}}, "required": ["x"]},
)
OTHER = Tool(name="other", description="", parameters={})


@pytest.mark.parametrize(("choice", "names"), [("look", {"look"}), ("required", {"look", "other"})])
def test_a_demanded_call_is_made(
    vocab: Vocab, candidates: Candidates, choice: str, names: set[str]
) -> None:
    grammar = call_grammar([LOOK, OTHER], choice)
    replies = [written(vocab, candidates, grammar, seed) for seed in range(5)]
    calls = [whole(reply, tools=("look", "other")).calls for reply in replies if reply]
    assert calls
    assert {call[0][0] for call in calls} <= names
    assert all(len(call) == 1 for call in calls)
    assert all(isinstance(json.loads(args).get("x", 0), int) for ((_, args),) in calls)


def test_demanding_a_tool_that_is_not_offered() -> None:
    with pytest.raises(InvalidRequest, match="does not offer"):
        call_grammar([LOOK], "nothing")


# ---------------------------------------------------------------- hostile schemas


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "null"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


HOSTILE: dict[str, Any] = {
    "not json": "{",
    "a number": "5",
    "a list": "[]",
    "false": "false",
    "deep json": "[" * 100_000,
    "deep schema": deep(200),
    "long": {"description": "x" * 100_000},
    "long strings": {"type": "string", "maxLength": 10**9},
    "long minimum": {"type": "string", "minLength": 10**9},
    "many items": {"type": "array", "items": {}, "minItems": 10**9},
    "crossed lengths": {"type": "string", "minLength": 5, "maxLength": 2},
    "negative length": {"type": "string", "minLength": -1},
    "a word as length": {"type": "string", "maxLength": "five"},
    "crossed numbers": {"type": "integer", "minimum": 5, "maximum": 2},
    "huge number": {"type": "integer", "minimum": 10**400},
    "no choice": {"enum": []},
    "many choices": {"enum": list(range(5000))},
    "no option": {"anyOf": []},
    "many options": {"anyOf": [{}] * 5000},
    "choice of a word": {"enum": "abc"},
    "itself": {"$ref": "#"},
    "circle": {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
    },
    "circle by choice": {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}]}},
    },
    "hidden circle": {
        "$ref": "#/$defs/d",
        "$defs": {
            "d": {
                "anyOf": [{"type": "array", "items": {"$ref": "#/$defs/e"}}, {"$ref": "#/$defs/e"}]
            },
            "e": {"anyOf": [{"$ref": "#/$defs/d"}]},
        },
    },
    "circle by allOf": {"allOf": [{"$ref": "#"}]},
    "circle by joining": {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}, {"properties": {}}]}},
    },
    "remote": {"$ref": "https://example.org/schema.json"},
    "file": {"$ref": "file:///etc/passwd"},
    "missing": {"$ref": "#/$defs/missing"},
    "reference to a number": {"$ref": 5},
    "bad type": {"type": "root ::= ["},
    "type of a type": {"type": {"type": "string"}},
    "bad properties": {"properties": ["a"]},
    "bad required": {"type": "object", "required": "name"},
    "not": {"not": {"type": "string"}},
    "conditions": {"if": {}, "then": {}},
    "pattern properties": {"patternProperties": {".*": {}}},
    "unjoinable": {"allOf": [{"type": "string"}, {"type": "object"}]},
    "wide": {
        "properties": {f"p{i}": {"properties": {f"q{j}": {} for j in range(60)}} for i in range(60)}
    },
    "doubling": {
        "$ref": "#/$defs/a",
        "$defs": {
            "a": {
                "anyOf": [
                    {"properties": {"k": {"$ref": "#/$defs/a"}, f"x{i}": {}}} for i in range(9)
                ]
            }
        },
    },
    "doubling behind one key": {
        "$ref": "#/$defs/a",
        "$defs": {
            "a": {
                "anyOf": [
                    {"properties": {"k": {"$ref": "#/$defs/a"}, f"x{i}": {}}, "required": ["k"]}
                    for i in range(3)
                ]
            }
        },
    },
    "doubling lists": {
        "$ref": "#/$defs/a",
        "$defs": {
            "a": {"anyOf": [{"items": {"$ref": "#/$defs/a"}, "maxItems": i} for i in (3, 4)]}
        },
    },
    "choices of choices": {
        "$ref": "#/$defs/a0",
        "$defs": {
            f"a{n}": {"anyOf": [{"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}]}] * 30} for n in range(8)
        }
        | {"a8": {"type": "null"}},
    },
    "pattern counts": {"type": "string", "pattern": "^[ab]{0,90}[ab]{0,90}[ab]{0,90}$"},
    "pattern of nothing": {"type": "string", "pattern": "^(a?){100}$"},
    "pattern counts counts": {"type": "string", "pattern": "^((a|bb){100}){100}$"},
    "look ahead": {"type": "string", "pattern": "^(?=a)b$"},
    "back reference": {"type": "string", "pattern": r"^(a)\1$"},
    "pattern repeats": {"type": "string", "pattern": "^a{99999}$"},
    "pattern nests": {"type": "string", "pattern": "^" + "(" * 99 + "a" + ")" * 99 + "$"},
    "pattern open": {"type": "string", "pattern": "^(a$"},
    "pattern class open": {"type": "string", "pattern": "^[a$"},
    "pattern closes": {"type": "string", "pattern": "^a)$"},
    "pattern of a number": {"type": "string", "pattern": 5},
    "pattern escapes": {"type": "string", "pattern": "^\\"},
    "pattern star": {"type": "string", "pattern": "^*$"},
    "pattern quote range": {"type": "string", "pattern": "^[ -~]$"},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_schema_that_cannot_be_kept_is_refused(name: str) -> None:
    schema = HOSTILE[name]
    with pytest.raises(InvalidRequest) as refusal:
        schema_grammar(schema if isinstance(schema, str) else json.dumps(schema))
    assert refusal.value.message.endswith(".")


EXPRESSION: dict[str, Any] = {
    "$ref": "#/$defs/e",
    "$defs": {
        "e": {
            "anyOf": [
                {
                    "properties": {"op": {"const": "neg"}, "of": {"$ref": "#/$defs/e"}},
                    "required": ["op", "of"],
                },
                {
                    "properties": {"op": {"const": "lit"}, "n": {"type": "integer"}},
                    "required": ["op", "n"],
                },
                {"type": "null"},
            ]
        }
    },
}


@pytest.mark.parametrize(
    "schema",
    [
        EXPRESSION,
        {"type": "string", "pattern": r"^[a-z]{2,40}@[a-z]{2,40}\.[a-z]{2}$"},
        {"type": "string", "pattern": r"^\d{8}-\d{4}-\d{4}-\d{4}-\d{12}$"},
        {"type": "string", "pattern": r"^(\d{1,3}\.){3}\d{1,3}$"},
    ],
)
def test_choices_that_can_be_told_apart_are_fine(
    schema: Any, vocab: Vocab, candidates: Candidates
) -> None:
    text = written(vocab, candidates, schema_grammar(json.dumps(schema)), 3)
    assert text is None or valid(json.loads(text), schema, schema)


INJECTION = '" root ::= [ \\" ::= (((\n x ::= y'


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": [INJECTION]},
        {"const": {INJECTION: INJECTION}},
        {"properties": {INJECTION: {"type": "null"}}, "required": [INJECTION]},
        {"$ref": "#/$defs/x", "$defs": {"x": {"const": INJECTION}}},
        {"$ref": "#/$defs/root ::= [", "$defs": {"root ::= [": {"type": "null"}}},
        {"type": "string", "pattern": "^\\[ ::= \\($"},
    ],
)
def test_what_a_client_writes_never_becomes_grammar(
    schema: Any, vocab: Vocab, candidates: Candidates
) -> None:
    text = written(vocab, candidates, schema_grammar(json.dumps(schema)), 0)
    assert text is not None
    assert valid(json.loads(text), schema, schema)


leaves = st.sampled_from(
    [
        {},
        {"type": "string"},
        {"type": "integer"},
        {"enum": ["x", 1, None]},
        {"const": "ü"},
        {"type": "boolean"},
    ]
)
schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(
            lambda items, most: {"type": "array", "items": items, "maxItems": most},
            inner,
            st.integers(0, 3),
        ),
        st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda fields, drop: {
                "type": "object",
                "properties": fields,
                "required": sorted(fields)[drop:],
            },
            st.dictionaries(st.text(max_size=3), inner, max_size=4),
            st.integers(0, 4),
        ),
    ),
    max_leaves=8,
)


def test_every_sane_schema_compiles_and_holds(vocab: Vocab, candidates: Candidates) -> None:
    @settings(max_examples=40, deadline=None)
    @given(schemas, st.integers(0, 1000))
    def check(schema: dict[str, Any], seed: int) -> None:
        text = written(vocab, candidates, schema_grammar(json.dumps(schema)), seed)
        if text is not None:
            assert valid(json.loads(text), schema, schema), text

    check()


WORDS = (
    "type properties items enum anyOf allOf $ref required pattern minimum maxLength "
    "additionalProperties prefixItems"
).split()
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(junk)
def test_junk_is_compiled_or_refused_never_a_fault(schema: Any) -> None:
    try:
        grammar = schema_grammar(json.dumps(schema))
    except InvalidRequest:
        return
    assert grammar.startswith("root ::= ")
