"""Which cached prefix a request may use, and what goes when room is short.

Owned by the decode thread. A busy sequence is only ever forked; an idle one is continued in
place when little or nothing of worth is cut off. Sliding windows and recurrent states limit
how far back a sequence may be rolled: `usable` is the one place that knows.
"""

from typing import NamedTuple

from app.core.ids import SessionId
from app.core.protocol import ReuseSource
from app.engine.jobs import Job
from app.engine.sequences import Sequence, SequenceMemory, Sequences, common_prefix

# Cutting this little off an idle sequence is cheaper than keeping it apart.
_SHORT_CUT = 256


class Roll(NamedTuple):
    """How far a model's sequences may be rolled back."""

    recurrent: bool = False
    window: int = 0


class Match(NamedTuple):
    sequence: Sequence | None = None
    length: int = 0


class Cache:
    def __init__(self, sequences: Sequences, memory: SequenceMemory, roll: Roll) -> None:
        self.sequences = sequences
        self.roll = roll
        self._memory = memory

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

    def find(self, job: Job) -> Match:
        """At least one token is left to decode: states hold no logits."""
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
        in_place = match.sequence is not None and self._continue_in_place(job, match)
        need = len(job.tokens) - match.length + job.reserve - job.pending
        keep = match.sequence if match.sequence and match.sequence.owner is None else None
        freed = len(match.sequence.tokens) - match.length if in_place and match.sequence else 0
        if not self._make_room(need + promised - freed, ids=0 if in_place else 1, keep=keep):
            return False
        job.sequence = self._sequence_for(match, in_place)
        job.sequence.owner = job.id
        job.sequence.adapters = job.adapters
        job.sequence.session = job.request.session
        if not job.admitted:
            job.reused_tokens = match.length
            job.reuse = _source(match, in_place)
        return True

    def _continue_in_place(self, job: Job, match: Match) -> bool:
        sequence = match.sequence
        assert sequence is not None
        if sequence.owner is not None or job.background:
            return False
        if sequence.session != job.request.session:
            return False
        # Within one session the new request supersedes what it cuts off.
        lost = len(sequence.tokens) - match.length
        return lost <= _SHORT_CUT or sequence.session != SessionId("")

    def _sequence_for(self, match: Match, in_place: bool) -> Sequence:
        if match.sequence is None:
            return self.sequences.take()
        if in_place:
            self.sequences.cut(match.sequence, match.length)
            return match.sequence
        return self.sequences.fork(match.sequence, match.length)

    def release(self, job: Job, *, keep: bool) -> None:
        """The job is over or preempted: its sequence stays as cache, or goes at once."""
        sequence = job.sequence
        if sequence is None:
            return
        job.sequence = None
        sequence.owner = None
        self.sequences.touch(sequence)
        if not keep or not sequence.tokens:
            self.sequences.drop(sequence)

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
        job.sequence = self.sequences.take()
        job.sequence.owner = job.id
        job.sequence.adapters = job.adapters
        job.sequence.session = job.request.session

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
        if self._make_room(0, ids=1, keep=None):
            copy = self.sequences.fork(job.sequence, len(job.sequence.tokens))
            copy.session = job.request.session

    def purge(self, session: SessionId) -> None:
        """Forget a session; what still runs for it goes when it ends."""
        for sequence in self.sequences.idle():
            if sequence.session == session:
                self.sequences.drop(sequence)

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
        self.sequences.drop(victim)
        return True

    def _make_room(self, cells: int, *, ids: int, keep: Sequence | None) -> bool:
        while self.sequences.free_cells < cells or self.sequences.free_ids < ids:
            if not self.evict_one(keep):
                return False
        return True


def _source(match: Match, in_place: bool) -> ReuseSource:
    if match.sequence is None:
        return "none"
    return "own" if in_place else "fork"
