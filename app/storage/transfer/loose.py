"""Reading values of unknown shape: what is asked for, or a harmless nothing; pure.

Other programs' exports change without notice and may be hostile: a wrong type is never an
error here, only a value that is not there.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from app.core.messages import clean_text
from app.storage.transfer.archive import ArchivedConversation, ArchivedMessage

Object = Mapping[str, Any]

_EMPTY: Object = {}
_LATEST_MS = 4_102_444_800_000  # 2100


def obj(value: Any) -> Object:
    return cast(Object, value) if isinstance(value, dict) else _EMPTY


def items(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []


def text(value: Any) -> str:
    return clean_text(value) if isinstance(value, str) else ""


def time_ms(value: Any) -> int:
    """Seconds since 1970 or an ISO date; 0 for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        milliseconds = value * 1000
        return int(milliseconds) if 0 <= milliseconds <= _LATEST_MS else 0
    try:
        when = datetime.fromisoformat(text(value))
    except ValueError:
        return 0
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max(0, int(when.timestamp() * 1000)), _LATEST_MS)


def named(name: Any) -> str:
    """How a file that is not in the export is shown in the message it belonged to."""
    return f"[Attached: {text(name) or 'a file'}]"


def finish(
    prefix: str, own_id: str, messages: list[ArchivedMessage], **known: Any
) -> ArchivedConversation:
    """Dates filled in from the messages; an identity by which a second import is recognised."""
    identity = own_id or hashlib.sha256(msgspec.json.encode(messages)).hexdigest()[:32]
    dates = [said.created_ms for said in messages if said.created_ms]
    created = known.pop("created_ms", 0) or min(dates, default=0)
    updated = known.pop("updated_ms", 0) or max(dates, default=created)
    return ArchivedConversation(
        uid=f"{prefix}-{identity}"[:200],
        created_ms=created,
        updated_ms=max(created, updated),
        messages=tuple(messages),
        **known,
    )
