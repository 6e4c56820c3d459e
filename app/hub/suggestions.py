"""The models offered to someone who has none yet: a short list that ships, and three of it.

Pure but for reading that list. Always true: what is suggested leaves room for a chat and for the
machine's other programs; the sizes are the hub's and only guide the choice.
"""

from pathlib import Path

import msgspec

from app.core.paths import resources

_ROOM_SHARE = 0.6  # of the memory; the rest is for the chat, and for everything else that runs
_COUNT = 3


class Suggestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    repository: str
    quantization: str
    title: str
    bytes: int
    licence: str
    good_for: str

    @property
    def reference(self) -> str:
        return f"{self.repository}:{self.quantization}"


# What makes a chat be found by its meaning; the smallest that does it well.
EMBEDDER = Suggestion(
    repository="second-state/All-MiniLM-L6-v2-Embedding-GGUF",
    quantization="Q8_0",
    title="all-MiniLM-L6-v2",
    bytes=25_000_000,
    licence="apache-2.0",
    good_for="finding chats by their meaning",
)


def curated(file: Path | None = None) -> tuple[Suggestion, ...]:
    """By size, the smallest first."""
    data = (file or resources() / "models.json").read_bytes()
    listed = msgspec.json.decode(data, type=tuple[Suggestion, ...])
    return tuple(sorted(listed, key=lambda suggestion: suggestion.bytes))


def suggest(memory_bytes: int, listed: tuple[Suggestion, ...] | None = None) -> list[Suggestion]:
    """Three for a machine with so much memory to compute in: the best that fits first, then a
    lighter one, then the quickest that is worth its download."""
    found = curated() if listed is None else listed
    fitting = [one for one in found if one.bytes <= memory_bytes * _ROOM_SHARE]
    if len(fitting) <= _COUNT:
        return list(reversed(fitting or found[:1]))
    best = len(fitting) - 1
    return [fitting[best], fitting[best * 2 // 3], fitting[best // 3]]
