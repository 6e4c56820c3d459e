"""Reads and sets one field of the settings by its name, and says why a value will not do.

Pure. The bounds are those of the field's type in `core.settings`; the sentences are ours.
"""

import re
from typing import Any

import msgspec
from msgspec import inspect

from app.core.errors import InvalidRequest
from app.core.settings import Settings


def value_of(settings: Settings, field: str) -> Any:
    section, name = field.split(".")
    return getattr(getattr(settings, section), name)


def default_of(field: str) -> Any:
    return value_of(Settings(), field)


def with_value(settings: Settings, field: str, value: Any, scale: int = 1) -> Settings:
    """Refuses what the field cannot hold, in one sentence that counts as people were asked to."""
    section, name = field.split(".")
    group = getattr(settings, section)
    kind = next(each for each in msgspec.structs.fields(group) if each.name == name).type
    changed = msgspec.structs.replace(group, **{name: checked(value, kind, scale)})
    return msgspec.structs.replace(settings, **{section: changed})


def checked(value: Any, kind: Any, scale: int = 1) -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(_reason(kind, scale)) from error


def plain_number(text: str) -> str:
    """As people write it, with or without marks between the thousands."""
    return re.sub(r"[,\s\u202f_]", "", text)


def _reason(kind: Any, scale: int) -> str:
    for each in _alternatives(inspect.type_info(kind)):
        if isinstance(each, inspect.IntType | inspect.FloatType):
            return _number_reason(each, scale)
    return "This value cannot be used here."


def _alternatives(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _number_reason(kind: "inspect.IntType | inspect.FloatType", scale: int) -> str:
    whole = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
    match _bound(kind.ge, scale), _bound(kind.le, scale):
        case None, None:
            return f"Write {whole}."
        case least, None:
            return f"Write {whole}, {least} or more."
        case None, most:
            return f"Write {whole}, {most} at most."
        case least, most:
            return f"Write {whole} from {least} to {most}."


def _bound(bound: float | None, scale: int) -> str | None:
    return None if bound is None else f"{bound * scale:,.6g}"
