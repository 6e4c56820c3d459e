"""JSON of values whose texts may be anything that people paste or systems name things. Pure.

The same rule as `clean_text`, for whole values: what is returned can be stored and read back.
"""

from typing import cast

import msgspec

from app.core.messages import clean_text


def json_text(value: object) -> str:
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return _cleaned(value)
    return _cleaned(value) if "\\u0000" in text else text


def _cleaned(value: object) -> str:
    return msgspec.json.encode(_clean(msgspec.to_builtins(value))).decode()


def _clean(value: object) -> object:
    match value:
        case str():
            return clean_text(value)
        case dict():
            pairs = cast(dict[object, object], value).items()
            return {_clean(key): _clean(item) for key, item in pairs}
        case list() | tuple():
            return [_clean(item) for item in cast(list[object], value)]
        case _:
            return value
