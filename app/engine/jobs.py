"""One generation on its way through the engine, as the scheduler sees it: tokens and times.

Owned by the decode thread; `cancelled` and `ready` are set by others and only ever become true.
What is in the cache is `sequence.tokens`; everything else about progress is derived.
"""

import time
from dataclasses import dataclass, field

from app.core.ids import RequestId
from app.core.protocol import Generate, ReuseSource, Stats
from app.engine.reply import Reply
from app.engine.sequences import Sequence

RESERVE_TOKENS = 1024


@dataclass(eq=False)
class Job:
    request: Generate
    tokens: list[int]  # the prompt, then what was generated
    prompt_tokens: int
    max_tokens: int
    reply: Reply
    adapters: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    sequence: Sequence | None = None
    cancelled: bool = False
    ready: bool = True  # False while its snapshots are read from the disk
    fetched: bool = False  # they were read from the disk
    checkpointed: bool = False
    doomed: bool = False  # its session was purged: nothing of it may stay
    turn: int = 0  # when its session's turn among equals has come
    reused_tokens: int = 0
    reuse: ReuseSource = "none"
    arrived: float = field(default_factory=time.monotonic)
    admitted: float = 0.0
    first_token: float = 0.0

    @property
    def id(self) -> RequestId:
        return self.request.request_id

    @property
    def background(self) -> bool:
        return self.request.priority == "background"

    @property
    def generated(self) -> int:
        return len(self.tokens) - self.prompt_tokens

    @property
    def cached(self) -> int:
        return len(self.sequence.tokens) if self.sequence else 0

    @property
    def pending(self) -> int:
        return len(self.tokens) - self.cached

    @property
    def stretch(self) -> int:
        """Prompt tokens that are still to be computed before a reply; 0 when priming."""
        return self.pending if self.max_tokens and not self.generated else 0

    @property
    def streaming(self) -> bool:
        """Somebody is reading along: one token a step, as fast as it goes."""
        return self.generated > 0 and self.pending == 1

    @property
    def reserve(self) -> int:
        """Cells this request may still need soon: its prompt's rest and a stretch of reply."""
        reply = min(self.max_tokens, RESERVE_TOKENS) - self.generated
        return self.pending + max(0, reply)

    def is_late(self, now: float) -> bool:
        limit = self.request.deadline_ms
        return limit > 0 and (now - self.arrived) * 1000 > limit

    def stats(self) -> Stats:
        now = time.monotonic()
        admitted = self.admitted or now
        first = self.first_token or now
        return Stats(
            prompt_tokens=self.prompt_tokens,
            reused_tokens=self.reused_tokens,
            reuse=self.reuse,
            completion_tokens=self.generated,
            queue_ms=(admitted - self.arrived) * 1000,
            prefill_ms=(first - admitted) * 1000,
            first_token_ms=(first - self.arrived) * 1000 if self.first_token else 0.0,
            decode_ms=(now - first) * 1000,
            notes=self.notes,
        )
