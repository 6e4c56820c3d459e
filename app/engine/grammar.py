"""Turns a JSON schema into a grammar the model's output cannot leave.

Pure; on the io thread. Ours and not the library's converter: that one lets raw line breaks into
strings (invalid JSON), pastes patterns into the grammar as they come, confuses definitions named
like its own rules and writes endless rules for circular references (which end the process).
Always true: the result is bounded in size and free of left recursion; what cannot be kept is
refused with InvalidRequest, except for tool arguments, where such a wish is left out.
"""

import json
from collections.abc import Sequence
from math import ceil, floor
from typing import Any, cast

from app.core.errors import InvalidRequest
from app.core.messages import Tool
from app.engine.gbnf import FORMATS, integers, json_literal, repeated
from app.engine.patterns import PatternRefused, pattern_rule
from app.engine.rules import DEEPEST, Rules

LONGEST_SCHEMA = 64 * 1024
MOST_REPEATS = 1_000
MOST_CHOICES = 500

Schema = dict[str, Any]

_COMBINE = ("anyOf", "oneOf")
_BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
# Wishes a grammar of ours cannot keep.
_BEYOND = frozenset(
    "not if then else patternProperties propertyNames minProperties maxProperties contains "
    "minContains maxContains uniqueItems multipleOf dependentRequired dependentSchemas "
    "dependencies unevaluatedItems unevaluatedProperties $dynamicRef $recursiveRef".split()
)


def schema_grammar(text: str) -> str:
    """The grammar of a response schema; `{}` stands for any JSON."""
    schema = _read(text)
    rules = Rules()
    return rules.grammar(_Converter(rules, schema, strict=True).rule(schema, 0))


def call_grammar(tools: Sequence[Tool], choice: str) -> str:
    """The grammar of one call: to the tool named `choice`, or to any when it is `required`."""
    offered = [tool for tool in tools if choice in ("required", tool.name)]
    if not offered:
        raise InvalidRequest(f"The request demands the tool {choice!r} but does not offer it.")
    rules = Rules()
    calls = [_call(rules, tool) for tool in offered]
    return rules.grammar(rules.add(" | ".join(calls), heads=calls))


def _call(rules: Rules, tool: Tool) -> str:
    schema = {"type": "object", **tool.parameters}
    if len(json.dumps(schema)) > LONGEST_SCHEMA:
        raise InvalidRequest(f"The schema of the tool {tool.name} is too long.")
    arguments = _Converter(rules, schema, strict=False).rule(schema, 0)
    name, key = json_literal(tool.name), json_literal("arguments")
    head = f'"{{" ws {json_literal("name")} ws ":" ws {name}'
    body = f'{head} ws "," ws {key} ws ":" ws {arguments} ws "}}"'
    return rules.add(body, inside=[arguments], opening=tool.name)


def _read(text: str) -> Any:
    if len(text) > LONGEST_SCHEMA:
        raise InvalidRequest(f"The response schema is longer than {LONGEST_SCHEMA // 1024} KB.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The response schema is not valid JSON.") from error


class _Converter:
    """One document: its references are looked up in `root`."""

    def __init__(self, rules: Rules, root: Any, *, strict: bool) -> None:
        self._rules = rules
        self._root = root
        self._strict = strict
        self._references: dict[str, str] = {}

    def rule(self, schema: Any, depth: int) -> str:
        """The name of a rule for everything `schema` allows."""
        self._rules.visit(depth)
        if schema is True or schema == {}:
            return "value"
        if not isinstance(schema, dict):
            raise InvalidRequest("The schema allows nothing or is not an object.")
        node = cast(Schema, schema)
        self._refuse_unknown(node)
        if "$ref" in node:
            return self._reference(node["$ref"], depth)
        if "const" in node:
            return self._rules.add(json_literal(node["const"]))
        if "enum" in node:
            return self._choices(_listed(node, "enum"))
        for combine in _COMBINE:
            if combine in node:
                return self._any_of(_combined(node, combine), depth)
        if "allOf" in node:
            return self.rule(self._all_of(node, depth), depth + 1)
        return self._typed(node, depth)

    def _refuse_unknown(self, node: Schema) -> None:
        beyond = sorted(_BEYOND & node.keys())
        if beyond and self._strict:
            raise InvalidRequest(
                f"The schema uses {beyond[0]}, which cannot be kept to. Remove it."
            )

    # ------------------------------------------------------------ combining

    def _reference(self, target: Any, depth: int) -> str:
        if not isinstance(target, str) or not target.startswith("#"):
            raise InvalidRequest("The schema refers to another document; put it all in one.")
        known = self._references.get(target)
        if known is None:
            known = self._references[target] = self._rules.reserve()
            found = self.rule(self._find(target), depth + 1)
            self._rules.add(found, name=known, heads=[found])
        return known

    def _find(self, target: str) -> Any:
        place = self._root
        for step in target.lstrip("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(place, dict) and key in place:
                place = cast(Schema, place)[key]
            elif (
                isinstance(place, list)
                and key.isdecimal()
                and int(key) < len(cast(list[Any], place))
            ):
                place = cast(list[Any], place)[int(key)]
            else:
                raise InvalidRequest(
                    f"The schema refers to {target[:80]}, which it does not define."
                )
        return place

    def _choices(self, values: list[Any]) -> str:
        if not 0 < len(values) <= MOST_CHOICES:
            raise InvalidRequest(f"A choice in the schema must have 1 to {MOST_CHOICES} values.")
        return self._rules.add(" | ".join(map(json_literal, values)), readings=len(values))

    def _any_of(self, options: list[Any], depth: int) -> str:
        if not 0 < len(options) <= MOST_CHOICES:
            raise InvalidRequest(f"A choice in the schema must have 1 to {MOST_CHOICES} values.")
        names = [self.rule(option, depth + 1) for option in options]
        return self._rules.add(" | ".join(names), heads=names)

    def _all_of(self, node: Schema, depth: int) -> Schema:
        """Objects described in parts become one; anything else must be a single part."""
        self._rules.visit(depth)
        parts = [self._resolved(part, depth + 1) for part in _listed(node, "allOf")]
        own = {key: value for key, value in node.items() if key != "allOf"}
        parts = [part for part in [*parts, own] if part]
        if len(parts) == 1:
            return parts[0]
        merged: Schema = {"type": "object", "properties": {}, "required": []}
        for part in parts:
            properties = _fields(part, "properties")
            if part.get("type", "object") != "object" or any(
                properties[key] != merged["properties"].get(key, properties[key])
                for key in properties
            ):
                raise InvalidRequest("The schema's allOf joins parts that cannot be joined.")
            merged["properties"] |= properties
            merged["required"] += _listed(part, "required") if "required" in part else []
        return merged

    def _resolved(self, part: Any, depth: int) -> Schema:
        for _ in range(DEEPEST):
            if not isinstance(part, dict):
                break
            node = cast(Schema, part)
            if not isinstance(node.get("$ref"), str):
                return self._all_of(node, depth) if "allOf" in node else node
            part = self._find(node["$ref"])
        raise InvalidRequest("The schema's allOf joins parts that cannot be joined.")

    # ------------------------------------------------------------ by type

    def _typed(self, node: Schema, depth: int) -> str:
        kind = node.get("type", _implied(node))
        if isinstance(kind, list):
            kinds = cast(list[Any], kind)
            return self._any_of([{**node, "type": one} for one in kinds], depth)
        match kind:
            case "object":
                return self._object(node, depth)
            case "array":
                return self._array(node, depth)
            case "string":
                return self._string(node)
            case "integer":
                return self._integer(node)
            case "number":
                return self._number(node)
            case "boolean" | "null":
                return kind
            case "":
                return "value"
            case _:
                raise InvalidRequest(f"The schema names an unknown type: {str(kind)[:40]}.")

    def _object(self, node: Schema, depth: int) -> str:
        properties = dict(_fields(node, "properties"))
        required = _listed(node, "required") if "required" in node else []
        for name in required:
            properties.setdefault(str(name), True)
        if not properties:
            return self._map(node.get("additionalProperties", True), depth)
        values = {name: self.rule(schema, depth + 1) for name, schema in properties.items()}
        pairs = [(self._member(name, value), name in required) for name, value in values.items()]
        # `rest` is what may follow once something was written; built from the end.
        rest, starts = "", list[str]()
        for pair, needed in reversed(pairs):
            starts = [f"{pair} {rest}".rstrip(), *([] if needed else starts)]
            following = f'ws "," ws {pair}'
            body = following if needed else f"({following})?"
            rest = self._rules.add(f"{body} {rest}".rstrip())
        inside = self._rules.add(" | ".join(starts))
        empty = not any(needed for _, needed in pairs)
        body = f'"{{" ws ({inside} ws){"?" if empty else ""} "}}"'
        return self._rules.add(
            body, inside=[*values.values()], opening=_opening(properties, required)
        )

    def _member(self, name: str, value: str) -> str:
        return self._rules.add(f'{json_literal(name)} ws ":" ws {value}')

    def _map(self, extra: Any, depth: int) -> str:
        if extra is False:
            return self._rules.add('"{" ws "}"')
        if extra is True or extra == {}:
            return "object"
        value = self.rule(extra, depth + 1)
        member = self._rules.add(f'string ws ":" ws {value}')
        body = f'"{{" ws ({member} (ws "," ws {member})* ws)? "}}"'
        return self._rules.add(body, inside=[value])

    def _array(self, node: Schema, depth: int) -> str:
        least, most = self._bounds(node, "minItems", "maxItems")
        fixed = _listed(node, "prefixItems") if "prefixItems" in node else []
        items = node.get("items", True)
        if isinstance(items, list):
            fixed, items = cast(list[Any], items), False
        if fixed:
            return self._tuple(fixed, depth)
        if most == 0 or items is False:
            return self._rules.add('"[" ws "]"')
        item = self.rule(items, depth + 1)
        more = repeated(
            f'(ws "," ws {item})', max(0, least - 1), None if most is None else most - 1
        )
        body = f'"[" ws ({item} {more} ws){"" if least else "?"} "]"'
        return self._rules.add(body, inside=[item])

    def _tuple(self, fixed: list[Any], depth: int) -> str:
        names = [self.rule(item, depth + 1) for item in fixed]
        items = ' ws "," ws '.join(names)
        return self._rules.add(f'"[" ws {items} ws "]"', inside=names)

    def _string(self, node: Schema) -> str:
        quote = '"\\""'
        if node.get("format") in FORMATS:
            return self._rules.add(f"{quote} {node['format']} {quote}")
        if "pattern" in node:
            try:
                item = pattern_rule(node["pattern"])
                return self._rules.add(f"{quote} {item.rule} {quote}", readings=item.readings)
            except PatternRefused as refused:
                if self._strict:
                    raise InvalidRequest(f"A pattern in the schema {refused}.") from refused
        least, most = self._bounds(node, "minLength", "maxLength")
        if (least, most) == (0, None):
            return "string"
        return self._rules.add(f"{quote} {repeated('char', least, most)} {quote}")

    def _integer(self, node: Schema) -> str:
        low = _limit(node, "minimum", "exclusiveMinimum", 1)
        high = _limit(node, "maximum", "exclusiveMaximum", -1)
        if low is None and high is None:
            return "integer"
        body = integers(low, high) if low is None or high is None or low <= high else ""
        if not body:
            raise InvalidRequest("The schema asks for a whole number between bounds that cross.")
        return self._rules.add(body)

    def _number(self, node: Schema) -> str:
        bounds = _BOUNDS & node.keys()
        if bounds == frozenset({"minimum"}) and node["minimum"] == 0:
            return "decimal"
        if bounds and self._strict:
            raise InvalidRequest("A grammar cannot keep a fraction within bounds. Remove them.")
        return "number"

    def _bounds(self, node: Schema, low: str, high: str) -> tuple[int, int | None]:
        least, most = node.get(low, 0), node.get(high)
        if not isinstance(least, int) or not isinstance(most, int | None) or least < 0:
            raise InvalidRequest(f"The schema's {low} and {high} must be whole numbers.")
        if least > (MOST_REPEATS if most is None else most):
            raise InvalidRequest(f"The schema's {low} is too large.")
        if most is not None and most > MOST_REPEATS:
            if self._strict:
                raise InvalidRequest(f"The schema's {high} may be at most {MOST_REPEATS:,}.")
            return min(least, MOST_REPEATS), None
        return least, most


def _opening(properties: Schema, required: list[Any]) -> str:
    """What every such object begins with, as far as that is certain; empty: nothing is."""
    name, schema = next(iter(properties.items()))
    if name not in required:
        return ""
    node = cast(Schema, schema) if isinstance(schema, dict) else {}
    return json.dumps(name) + (json.dumps(node["const"]) if "const" in node else "")


def _implied(node: Schema) -> str:
    if node.keys() & {"properties", "required", "additionalProperties"}:
        return "object"
    if node.keys() & {"items", "prefixItems", "minItems", "maxItems"}:
        return "array"
    if node.keys() & {"pattern", "minLength", "maxLength"}:
        return "string"
    return "number" if node.keys() & {"minimum", "maximum"} else ""


def _listed(node: Schema, key: str) -> list[Any]:
    value = node.get(key)
    if not isinstance(value, list):
        raise InvalidRequest(f"The schema's {key} must be a list.")
    return cast(list[Any], value)


def _fields(node: Schema, key: str) -> Schema:
    value = node.get(key, {})
    if not isinstance(value, dict):
        raise InvalidRequest(f"The schema's {key} must be an object.")
    return cast(Schema, value)


def _combined(node: Schema, combine: str) -> list[Any]:
    """The options, each with what stands beside the choice."""
    beside = {key: node[key] for key in ("type", "properties", "required") if key in node}
    options = _listed(node, combine)
    if not beside:
        return options
    return [{**beside, **option} if isinstance(option, dict) else option for option in options]


def _limit(node: Schema, inclusive: str, exclusive: str, step: int) -> int | None:
    """The tighter of both bounds, as the last whole number allowed; `step` points inwards."""
    rounding = ceil if step > 0 else floor
    found: list[int] = []
    for key in (inclusive, exclusive):
        value = node.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e15:
            raise InvalidRequest(f"The schema's {key} must be a number of reasonable size.")
        whole = rounding(value)
        found.append(whole + step if key == exclusive and whole == value else whole)
    return (max(found) if step > 0 else min(found)) if found else None
