"""Feeds a reply to a parser in pieces and gathers what came out."""

from collections.abc import Sequence
from typing import NamedTuple

from app.engine.parse import OutputParser


class Gathered(NamedTuple):
    text: str
    reasoning: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    stopped: bool = False


def gather(pieces: Sequence[bytes], **options: object) -> Gathered:
    parser = OutputParser(**options)  # type: ignore[arg-type]
    parts = [*map(parser.feed, pieces), parser.finish()]
    return Gathered(
        "".join(part.text for part in parts),
        "".join(part.reasoning for part in parts),
        tuple((call.name, call.arguments) for part in parts for call in part.calls),
        any(part.stopped for part in parts),
    )


def whole(reply: str, **options: object) -> Gathered:
    return gather([reply.encode()], **options)


def by_bytes(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]
