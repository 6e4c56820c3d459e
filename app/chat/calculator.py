"""Arithmetic for the model: numbers, operators and a few functions, never code.

Pure and bounded: an expression is short, and no step makes a number that takes long to make.
"""

import ast
import math
from collections.abc import Callable
from typing import Any

from app.core.errors import InvalidRequest

_LONGEST = 300  # characters
_MAX_BITS = 4096
_UNREADABLE = "Write numbers, + - * / // % **, brackets, and functions such as sqrt(2)."

Number = int | float

_OPERATORS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}


def _round(number: Number, digits: int = 0) -> Number:
    if abs(digits) > _MAX_BITS:  # it would make ten to that power first
        raise InvalidRequest("That is rounded too far.")
    return round(number, digits or None)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "round": _round, "min": min, "max": max, "floor": math.floor, "ceil": math.ceil,
    "sqrt": math.sqrt, "exp": math.exp, "ln": math.log, "log": math.log10, "log2": math.log2,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "asin": math.asin, "acos": math.acos,
    "atan": math.atan, "degrees": math.degrees, "radians": math.radians,
}  # fmt: skip
_CONSTANTS = {"pi": math.pi, "e": math.e}


def calculate(expression: str) -> str:
    """Raises InvalidRequest with what is wrong."""
    if len(expression) > _LONGEST:
        raise InvalidRequest(f"An expression has at most {_LONGEST} characters.")
    plain = expression.replace("^", "**").replace("×", "*").replace("÷", "/").replace("−", "-")
    try:
        result = _value(ast.parse(plain.strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError, TypeError) as error:
        raise InvalidRequest(_UNREADABLE) from error
    except ZeroDivisionError as error:
        raise InvalidRequest("Nothing can be divided by zero.") from error
    except (ArithmeticError, ValueError) as error:
        raise InvalidRequest(f"That has no result ({error}).") from error
    return str(result) if isinstance(result, int) else f"{result:.15g}"


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _bounded(number)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _bounded(_OPERATORS[type(op)](_value(left), _value(right)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _bounded(_FUNCTIONS[name](*(_value(arg) for arg in args)))
        case _:
            raise InvalidRequest(_UNREADABLE)


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int):
        if base.bit_length() * abs(exponent) > _MAX_BITS:
            raise InvalidRequest("That number is too large.")
        return _bounded(base**exponent)
    result: object = base**exponent
    if not isinstance(result, float):  # a root of a negative number
        raise InvalidRequest("That has no real result.")
    return _bounded(result)


def _bounded(number: Number) -> Number:
    if isinstance(number, int) and number.bit_length() > _MAX_BITS:
        raise InvalidRequest("That number is too large.")
    return number
