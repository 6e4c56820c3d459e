"""Which cached prefix a request may use, and what goes when room is short.

Owned by the decode thread. A busy sequence is only ever forked; an idle one is continued in
place when little or nothing of worth is cut off. Sliding windows and recurrent states limit
how far back a sequence may be rolled: `usable` is the one place that knows.
"""

from collections.abc import Callable
from typing import NamedTuple

from app.core.ids import SessionId
from app.core.protocol import ReuseSource
from app.engine.chunks import CHUNK_TOKENS
from app.engine.jobs import Job
from app.engine.sequences import Sequence, SequenceMemory, Sequences, common_prefix
from app.engine.snapshots import Snapshots
from app.engine.tiers import Link

# Cutting this little off an idle sequence is cheaper than keeping it apart.
_SHORT_CUT = 256
# A snapshot is used when it saves at least this many tokens.
_WORTH_RESTORING = 64


class Roll(NamedTuple):
    """How far a model's sequences may be rolled back."""

    recurrent: bool = False
    window: int = 0


class Match(NamedTuple):
    """Tokens of a live sequence, continued by chunks of snapshots."""

    sequence: Sequence | None = None
    shared: int = 0
    links: tuple[Link, ...] = ()

    @property
    def length(self) -> int:
        return self.shared + sum(link.tokens for link in self.links)


class Cache:
    def __init__(
        self,
        sequences: Sequences,
        memory: SequenceMemory,
        roll: Roll,
        snapshots: Snapshots,
        idle_cells: int,
    ) -> None:
        self.sequences = sequences
        self.roll = roll
        self.snapshots = snapshots
        self._memory = memory
        self._idle_cells = idle_cells

    # ------------------------------------------------------------ finding

    def usable(self, sequence: Sequence, length: int) -> int:
        """The longest prefix up to `length` on which decoding may go on, or 0."""
        if self.roll.recurrent:
            return length if length == len(sequence.tokens) else 0
        if self.roll.window and length < len(sequence.tokens):
            # Layers with a window forgot what lies before it; the library would not object.
            first = self._memory.first_position(sequence.id)
            return length if first <= max(0, length - self.roll.window) else 0
        return length

    def find(self, job: Job, *, read: bool = False) -> Match:
        """At least one token is left to decode: states hold no logits. `read`: counting also what
        would have to come from the disk first."""
        live = self._find_live(job)
        links = self.snapshots.find(job.tokens[:-1], job.adapters)
        whole = self.roll.recurrent or self.roll.window > 0
        kept = 0 if whole else live.shared // CHUNK_TOKENS
        if not read:
            links[kept:] = self.snapshots.tiers.at_hand(links[kept:])
        if sum(link.tokens for link in links) < live.shared + _WORTH_RESTORING:
            return live
        sequence = live.sequence if kept else None
        return Match(sequence, kept * CHUNK_TOKENS, tuple(links[kept:]))

    def _find_live(self, job: Job) -> Match:
        best = Match()
        rank = (0, False, False)
        for sequence in self.sequences.live.values():
            if sequence.adapters != job.adapters:
                continue
            shared = min(common_prefix(sequence.tokens, job.tokens), len(job.tokens) - 1)
            length = self.usable(sequence, shared)
            own = sequence.session == job.request.session
            if length and (length, sequence.owner is None, own) > rank:
                rank = (length, sequence.owner is None, own)
                best = Match(sequence, length)
        return best

    # ------------------------------------------------------------ giving and taking

    def admit(self, job: Job, promised: int) -> bool:
        """Give the job a sequence if its tokens and reserve fit beside what was promised."""
        match = self.find(job)
        in_place = self._continue_in_place(job, match)
        need = len(job.tokens) - match.shared + job.reserve - job.pending
        source = match.sequence if match.sequence and match.sequence.owner is None else None
        if not self._make_room(need + promised, ids=0 if in_place else 1, keep=source):
            return False
        sequence = self._sequence_for(match, in_place)
        restored = self.snapshots.restore(sequence, match.links)
        self._hand_over(sequence, job)
        if not job.admitted:
            job.reused_tokens = job.cached
            job.reuse = _source(job, match, in_place=in_place, restored=restored)
        return True

    def _hand_over(self, sequence: Sequence, job: Job) -> None:
        job.sequence = sequence
        sequence.owner = job.id
        sequence.adapters = job.adapters
        sequence.session = job.request.session
        if not job.request.persist and sequence.private_from is None:
            sequence.private_from = job.cached

    def _continue_in_place(self, job: Job, match: Match) -> bool:
        sequence = match.sequence
        if sequence is None or sequence.owner is not None or match.links or job.background:
            return False
        if sequence.session != job.request.session:
            return False
        # Within one session the new request supersedes what it cuts off.
        lost = len(sequence.tokens) - match.shared
        return lost <= _SHORT_CUT or sequence.session != SessionId("")

    def _sequence_for(self, match: Match, in_place: bool) -> Sequence:
        if match.sequence is None:
            return self.sequences.take()
        if in_place:
            if len(match.sequence.tokens) - match.shared > _SHORT_CUT:
                self.snapshots.save(match.sequence)
            self.sequences.cut(match.sequence, match.shared)
            return match.sequence
        return self.sequences.fork(match.sequence, match.shared)

    def release(self, job: Job, *, keep: bool) -> None:
        """The job is over or preempted: its sequence stays as cache, or goes at once."""
        sequence = job.sequence
        if sequence is None:
            return
        job.sequence = None
        sequence.owner = None
        self.sequences.touch(sequence)
        if not keep or job.doomed or not sequence.tokens:
            self.sequences.drop(sequence)
        self._trim_idle()

    def _trim_idle(self) -> None:
        """Every step pays for idle cells too: past a measure they live on as snapshots."""
        idle = self.sequences.idle()
        while len(idle) > 1 and sum(map(self.sequences.unshared, idle)) > self._idle_cells:
            self.evict_one()
            idle = self.sequences.idle()

    def save_one(self) -> bool:
        """In idle time: put one more stretch of a sequence where it survives."""
        unsaved = [sequence for sequence in self.sequences.idle() if not sequence.saved]
        if unsaved:
            self.snapshots.save(unsaved[-1], most=1)
        return bool(unsaved) and self.snapshots.tiers.enabled

    def prefetch(self, job: Job, wake: Callable[[], None]) -> None:
        """Let the disk thread bring what would help; the job waits for it in the queue."""
        links = self.find(job, read=True).links

        def ready() -> None:
            job.ready = True
            wake()

        job.ready = False
        job.fetched = bool(links) and self.snapshots.tiers.fetch(links, ready)
        if not job.fetched:
            job.ready = True

    def evict_all(self) -> None:
        while self.evict_one():
            pass

    def extend(self, job: Job, tokens: tuple[int, ...]) -> None:
        """The context holds these tokens of the job now."""
        assert job.sequence is not None
        self.sequences.extend(job.sequence, tokens)
        if self.roll.recurrent and not job.checkpointed and job.stretch == 1:
            self._checkpoint(job)

    def roll_back(self, jobs: list[Job]) -> None:
        """An aborted step may have left tokens behind that nobody accounted for."""
        for job in jobs:
            if job.sequence and self.roll.recurrent:
                self._restart(job, job.sequence)
            elif job.sequence:
                self._memory.remove(job.sequence.id, len(job.sequence.tokens), -1)

    def _restart(self, job: Job, sequence: Sequence) -> None:
        """A recurrent state cannot be undone."""
        self.sequences.drop(sequence)
        self._hand_over(self.sequences.take(), job)

    # ------------------------------------------------------------ recurrent models

    def stretch(self, job: Job) -> int:
        """How many tokens may be fed before a stop: recurrent prefill pauses for a checkpoint."""
        if self.roll.recurrent and not job.checkpointed and job.stretch > 1:
            return job.stretch - 1
        return job.pending

    def will_share(self, other: Job, shared: int) -> int:
        """How much of `other`, once prefilled, a prompt with this common prefix can fork."""
        if self.roll.recurrent:
            checkpoint = other.prompt_tokens - 1
            return checkpoint if shared >= checkpoint else 0
        return shared

    def _checkpoint(self, job: Job) -> None:
        """Keep the state just before the reply, where a recurrent model can start again."""
        assert job.sequence is not None
        job.checkpointed = True
        if not job.doomed and self._make_room(0, ids=1, keep=None):
            copy = self.sequences.fork(job.sequence, len(job.sequence.tokens))
            copy.session = job.request.session

    def purge(self, session: SessionId) -> None:
        """Forget what is not in use of a session; a doomed job's sequence goes when it ends."""
        for sequence in self.sequences.idle():
            if sequence.session == session:
                self.sequences.drop(sequence)
        self.snapshots.purge(session)

    def clear(self) -> None:
        for sequence in list(self.sequences.live.values()):
            self.sequences.drop(sequence)

    # ------------------------------------------------------------ room

    def evict_one(self, keep: Sequence | None = None) -> bool:
        """Drop the longest unused idle sequence; those that free cells come first."""
        idle = [sequence for sequence in self.sequences.idle() if sequence is not keep]
        if not idle:
            return False
        victim = next((s for s in idle if self.sequences.unshared(s)), idle[0])
        self.snapshots.save(victim)
        self.sequences.drop(victim)
        return True

    def _make_room(self, cells: int, *, ids: int, keep: Sequence | None) -> bool:
        sequences = self.sequences
        idle = [sequence for sequence in sequences.idle() if sequence is not keep]
        if sequences.free_without(idle) < cells or sequences.free_ids + len(idle) < ids:
            return False  # nothing is thrown away for one who must wait all the same
        while sequences.free_cells < cells or sequences.free_ids < ids:
            self.evict_one(keep)
        return True


def _source(job: Job, match: Match, *, in_place: bool, restored: bool) -> ReuseSource:
    if restored:
        return "disk" if job.fetched else "ram"
    if match.sequence is None:
        return "none"
    return "own" if in_place else "fork"
