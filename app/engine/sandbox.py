"""Runs a model's Jinja template: no code, bounded work, bounded output, a deadline.

On the engine's io thread and in the probe process; one environment renders one thing at a time.
Always true: every loop turn, macro call, filter and written value is charged to a meter, so that
a template ends by itself; what the meter cannot see (one huge C call) is left to the probe
process and to the worker's heartbeat. Plain jinja2, not the library's formatter: that one hides
its environment and cannot be bounded.
"""

import json
import re
from collections.abc import Callable, Iterable, Sized
from datetime import datetime
from functools import wraps
from time import monotonic
from typing import Any, cast

from jinja2 import BaseLoader, Template, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from app.core.messages import clean_text

DEADLINE_S = 2.0
LONGEST_SOURCE = 512_000
_BASE_WORK = 4_000_000
_WORK_PER_CHAR = 64
_BASE_OUTPUT = 1_000_000
_OUTPUT_PER_CHAR = 8
_S_PER_CHAR = 4e-6
_WIDEST_INT = 256  # bits

_FILTERS = (
    "abs attr capitalize count d default dictsort e escape first float forceescape groupby indent "
    "int items join last length list lower map max min reject rejectattr replace reverse safe "
    "select selectattr sort string sum title tojson trim truncate unique upper wordcount"
).split()
_STR_METHODS = frozenset(
    "capitalize casefold count endswith find format index isalnum isalpha isascii isdecimal "
    "isdigit islower isnumeric isspace istitle isupper join lower lstrip partition removeprefix "
    "removesuffix replace rfind rindex rpartition rsplit rstrip split splitlines startswith strip "
    "swapcase title upper".split()
)
_WIDE = re.compile(r"\d{4}|\*|\{[^}]*\{")  # a field width meant to hurt


class TemplateFailed(Exception):
    """The template cannot be used as asked; the text says why, in words for people."""


class TemplateRefused(TemplateFailed):
    """The template itself said no, through raise_exception."""


class Meter:
    """What one render may still do."""

    def __init__(self, input_chars: int, deadline_s: float) -> None:
        self._work = _BASE_WORK + _WORK_PER_CHAR * input_chars
        self.longest = _BASE_OUTPUT + _OUTPUT_PER_CHAR * input_chars
        self._ends = monotonic() + deadline_s + _S_PER_CHAR * input_chars

    def charge(self, work: int) -> None:
        self._work -= work
        if self._work < 0:
            raise TemplateFailed("the chat template does too much work")
        if monotonic() > self._ends:
            raise TemplateFailed("the chat template takes too long")

    def limit(self, size: int) -> None:
        if size > self.longest:
            raise TemplateFailed("the chat template writes too much")

    def measure(self, size: int) -> None:
        self.limit(size)
        self.charge(1 + size // 16)


class _Namespace(Namespace):
    """Does not write what is in it: those that hold one another twice double with each level."""

    def __repr__(self) -> str:
        return "<Namespace>"


class _GenerationTag(Extension):
    """`{% generation %}` marks training text in some templates; what is inside just renders."""

    tags = {"generation"}  # noqa: RUF012  (jinja2 declares it so)

    def parse(self, parser: Parser) -> Any:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Charging(NodeTransformer):
    """Rewrites a template's tree so that loops, macros and joined strings pass the meter.

    A turn reads the attribute `tick`: calling something would cost ten times as much.
    """

    def __init__(self) -> None:
        self.longest_turn = 0  # literal text that one turn may write

    def _turn(self, body: list[Any]) -> None:
        texts = (text for node in body for text in node.find_all(nodes.TemplateData))
        self.longest_turn = max(self.longest_turn, sum(len(text.data) for text in texts))
        body.insert(0, nodes.ExprStmt(nodes.EnvironmentAttribute("tick")))

    def visit_For(self, node: nodes.For) -> Any:
        self.generic_visit(node)
        self._turn(node.body)
        if node.test is not None:
            node.test = nodes.And(nodes.EnvironmentAttribute("tick"), node.test)
        return node

    def visit_Macro(self, node: nodes.Macro) -> Any:
        self.generic_visit(node)
        self._turn(node.body)
        return node

    def visit_Concat(self, node: nodes.Concat) -> Any:
        self.generic_visit(node)
        return _call("_concat", node.nodes)

    def visit_List(self, node: nodes.List) -> Any:
        self.generic_visit(node)
        return _call("_made", [node])

    def visit_Dict(self, node: nodes.Dict) -> Any:
        self.generic_visit(node)
        return _call("_made", [node])

    def visit_Tuple(self, node: nodes.Tuple) -> Any:
        self.generic_visit(node)
        return _call("_made", [node]) if node.ctx == "load" else node


def _call(method: str, arguments: list[Any]) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(method), arguments, [], None, None)


class Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            loader=BaseLoader(),
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[_GenerationTag, loopcontrols],
            finalize=self._written,
        )
        self.meter = Meter(0, DEADLINE_S)
        self._turn_work = 1
        filters = self.filters
        filters["tojson"] = to_json
        own = {"join": self._join, "replace": self._replace, "indent": self._indent}
        self.filters = {name: self._metered(own.get(name, filters[name])) for name in _FILTERS}
        self.globals = {
            "range": self._range,
            "dict": self._dict,
            "namespace": _Namespace,
            "joiner": self.globals["joiner"],
            "cycler": self.globals["cycler"],
            "raise_exception": _refuse,
            "strftime_now": _strftime_now,
        }

    # ------------------------------------------------------------ hooks of jinja2

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        charging = _Charging()
        tree = charging.visit(source)
        self._turn_work = 1 + charging.longest_turn // 16
        tree.set_environment(self)
        return super()._generate(tree, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and _bits(left) * abs(_number(right)) > _WIDEST_INT:
            raise TemplateFailed("the chat template computes a number that is too large")
        if operator == "*":
            self._check_product(left, right)
        if operator == "+":
            self.meter.measure(self._weigh(left) + self._weigh(right))
        if operator == "%" and isinstance(left, str):
            self._check_format(left, left.count("%"), right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Any, obj: Any, *args: Any, **kwargs: Any) -> Any:
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str):
            self._check_method(owner, name, args)
        elif isinstance(owner, int | float | bytes):
            raise SecurityError(f"{name} may not be called")
        if isinstance(obj, Macro):  # its `varargs` and `kwargs` are made of these
            self._weigh((args, kwargs))
        result = super().call(context, obj, *args, **kwargs)
        self.meter.measure(_size(result))
        return result

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None
        text = str(value.__self__)

        def checked(*args: Any, **kwargs: Any) -> str:
            self._check_format(text, text.count("{"), (args, kwargs))
            return wrapped(*args, **kwargs)

        return checked

    # ------------------------------------------------------------ charged operations

    @property
    def tick(self) -> bool:
        self.meter.charge(self._turn_work)
        return True

    def _concat(self, *values: Any) -> str:
        texts = [str(value) for value in values]
        self.meter.measure(sum(map(len, texts)))
        return "".join(texts)

    def _written(self, value: Any) -> Any:
        self.meter.measure(_size(value))
        return value

    def _made(self, value: Any) -> Any:
        self.meter.charge(1 + self._weigh(value) // 16)
        return value

    def _dict(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return self._made(dict(*args, **kwargs))

    def _weigh(self, value: Any) -> int:
        """Everything inside a value, each time it is in there.

        Lists that hold one another twice double with each level; printed or compared they would
        keep one C call busy for ever, so such a value is never built.
        """
        weight, todo = 0, [value]
        while todo:
            item = todo.pop()
            weight += len(item) if isinstance(item, str) else 1
            self.meter.limit(weight)
            if isinstance(item, list | tuple):
                todo += cast(Iterable[Any], item)
            elif isinstance(item, dict):
                todo += cast(dict[Any, Any], item).values()
        return weight

    def _range(self, *bounds: int) -> range:
        if any(abs(_number(bound)) > 1 << 40 for bound in bounds):
            raise TemplateFailed("the chat template counts too far")
        numbers = range(*bounds)
        self.meter.charge(len(numbers))
        return numbers

    def _metered(self, filter_: Callable[..., Any]) -> Callable[..., Any]:
        """Charges a filter for what it reads and for what it answers."""

        @wraps(filter_)
        def run(*args: Any, **kwargs: Any) -> Any:
            self.meter.charge(1 + sum(map(_size, args)) // 16)
            result = filter_(*args, **kwargs)
            self.meter.measure(_size(result))
            return result

        return run

    def _join(self, value: Iterable[Any], d: Any = "", attribute: Any = None) -> str:
        if attribute is not None:
            value = [self.getitem(item, attribute) for item in value]
        texts, total, between = list[str](), 0, str(d)
        for item in value:
            texts.append(str(item))
            added = len(texts[-1]) + len(between)
            total += added
            self.meter.limit(total)
            self.meter.measure(added)
        return between.join(texts)

    def _replace(self, s: Any, old: Any, new: Any, count: int = -1) -> str:
        self._check_replace(str(s), str(old), str(new))
        return str(s).replace(str(old), str(new), count)

    def _indent(self, s: Any, width: Any = 4, first: bool = False, blank: bool = False) -> str:
        pad = width if isinstance(width, str) else " " * min(int(width), 64)
        lines = str(s).splitlines()
        self.meter.measure(_size(s) + len(lines) * len(pad))
        padded = [pad + line if line or blank else line for line in lines]
        return "\n".join([*lines[:1], *padded[1:]] if not first else padded)

    def _check_product(self, left: Any, right: Any) -> None:
        if isinstance(left, int) and isinstance(right, int):
            if _bits(left) + _bits(right) > _WIDEST_INT:
                raise TemplateFailed("the chat template computes a number that is too large")
            return
        for value, times in ((left, right), (right, left)):
            if _size(value):
                self.meter.measure(int(self._weigh(value) * max(0, _number(times))))

    def _check_format(self, text: str, fields: int, values: Any) -> None:
        if _WIDE.search(text):
            raise TemplateFailed("the chat template writes too much")
        self.meter.measure(len(text) + fields * self._weigh(values))

    def _check_method(self, owner: str, name: str, args: tuple[Any, ...]) -> None:
        if name not in _STR_METHODS:
            raise SecurityError(f"{name} may not be called")
        self.meter.charge(1 + len(owner) // 16)
        if name == "replace" and len(args) >= 2:
            self._check_replace(owner, str(args[0]), str(args[1]))
        if name == "join" and args:
            self._join(args[0], owner)

    def _check_replace(self, text: str, old: str, new: str) -> None:
        if len(new) > len(old):
            hits = text.count(old) if old else len(text) + 1
            self.meter.measure(len(text) + hits * (len(new) - len(old)))


def _size(value: Any) -> int:
    if isinstance(value, str | list | tuple | dict | range):
        return len(cast(Sized, value))
    return 0


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 0


def _refuse(message: Any = "") -> Any:
    raise TemplateRefused(str(message)[:300])


def _strftime_now(format_: str) -> str:
    if len(format_) > 100 or re.search(r"\d{3}", format_):
        raise TemplateFailed("the chat template writes too much")
    return datetime.now().astimezone().strftime(format_)


def to_json(value: Any, ensure_ascii: bool = False, indent: Any = None, **options: Any) -> str:
    """As Hugging Face's templates expect it: no HTML escapes, non-ASCII text as it is."""
    known = {name: options[name] for name in ("separators", "sort_keys") if name in options}
    spaces = min(indent, 16) if isinstance(indent, int) else None
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=spaces, **known)


def compile_template(source: str) -> tuple[Sandbox, Template]:
    """Raises TemplateFailed with the reason."""
    if len(source) > LONGEST_SOURCE:
        raise TemplateFailed("the chat template is too long")
    sandbox = Sandbox()
    try:
        return sandbox, sandbox.from_string(source)
    except TemplateFailed:
        raise
    except TemplateError as error:
        raise TemplateFailed(f"the chat template has an error: {_brief(error)}") from error
    except Exception as error:  # the template's author decides what goes wrong here
        raise TemplateFailed(f"the chat template cannot be read: {_brief(error)}") from error


def run_template(
    sandbox: Sandbox, template: Template, values: dict[str, Any], deadline_s: float = DEADLINE_S
) -> str:
    sandbox.meter = meter = Meter(_chars(values), deadline_s)
    chunks, total = list[str](), 0
    try:
        for chunk in template.generate(values):
            total += len(chunk)
            meter.limit(total)
            meter.measure(len(chunk))
            chunks.append(chunk)
    except TemplateFailed:
        raise
    except Exception as error:  # as above
        raise TemplateFailed(f"the chat template failed: {_brief(error)}") from error
    return clean_text("".join(chunks))  # it may have written half a surrogate pair itself


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _chars(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_chars(item) for item in cast(dict[Any, Any], value).values())
    if isinstance(value, list):
        return sum(_chars(item) for item in cast(list[Any], value))
    return 0
