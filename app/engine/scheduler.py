"""Who runs in the next step, as one frozen Batch; knows tokens and cells, never the model.

Owned by the decode thread. Interactive requests run before background ones, tokens of
running replies before prefill, equals in turn. Nothing is admitted that does not fit with
its reserve; when the cache fills up all the same, the youngest request is put back.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from app.core.errors import ContextLimitExceeded, InvalidRequest, QueueFull
from app.core.ids import RequestId, SessionId
from app.engine.batch import Batch, Slice
from app.engine.jobs import Job
from app.engine.kv import Cache
from app.engine.sequences import common_prefix

# Waiting for another request's prefill pays when this many tokens can be shared.
_WORTH_WAITING = 64
# A step beside running replies takes so long: past it readers see it, well below it the prompt
# could go faster. A quick one may take twice the tokens and still not be slow.
_QUICK_STEP_S, _SLOW_STEP_S = 0.06, 0.12
_SMALLEST_CHUNK = 8


class Limits(NamedTuple):
    chat_ctx: int
    step_tokens: int = 512
    shared_chunk: int = 32  # prefill beside running replies, until steps have been measured
    background_chunk: int = 128  # so that a new message waits a short step only
    queue: int = 256


class Scheduler:
    def __init__(
        self, cache: Cache, limits: Limits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cache = cache
        self.limits = limits
        self._clock = clock
        self._chunk = limits.shared_chunk
        self._turn = 0
        # So many at once did not go well: nobody is admitted before one of the others ends.
        # The library may refuse where our cells would do, so counting cells is not enough.
        self._crowded_at: int | None = None
        self.queue: list[Job] = []
        self.running: list[Job] = []

    # ------------------------------------------------------------ in and out

    def submit(self, job: Job) -> None:
        if any(job.id == other.id for other in self.jobs()):
            raise InvalidRequest("A request with this id is already running.")
        maximum = self.limits.chat_ctx
        if job.background:  # a summary reads a full conversation and one more instruction
            maximum = min(maximum + maximum // 8, self._cache.sequences.cells)
        required = job.prompt_tokens + min(job.max_tokens, 1)
        if required > maximum:
            raise ContextLimitExceeded(maximum=maximum, required=required)
        job.max_tokens = min(job.max_tokens, maximum - job.prompt_tokens)
        if len(self.queue) >= self.limits.queue:
            raise QueueFull("Too many requests are waiting. Try again in a moment.")
        job.turn = self._turn
        self.queue.append(job)

    @property
    def has_work(self) -> bool:
        return bool(self.running) or any(job.ready for job in self.queue)

    def jobs(self) -> list[Job]:
        return self.running + self.queue

    def find(self, request_id: RequestId) -> Job | None:
        return next((job for job in self.jobs() if job.id == request_id), None)

    def of(self, batch: Batch) -> list[Job]:
        wanted = {part.request_id for part in batch.slices}
        return [job for job in self.running if job.id in wanted]

    def primed(self) -> list[Job]:
        """Requests that only wanted their prompt cached, and have it."""
        return [job for job in self.running if not job.max_tokens and not job.pending]

    def remove(self, job: Job, *, keep: bool = True) -> None:
        """The job is over, however it ended; `keep` leaves its tokens as cache."""
        self._cache.release(job, keep=keep)
        for jobs in (self.running, self.queue):
            if job in jobs:
                jobs.remove(job)

    def purge(self, session: SessionId) -> None:
        """Forget a session; what still runs or waits for it leaves nothing when it ends."""
        for job in self.jobs():
            job.doomed = job.doomed or job.request.session == session
        self._cache.purge(session)

    def preempt(self, job: Job) -> None:
        self._cache.release(job, keep=True)
        self.running.remove(job)
        self.queue.insert(0, job)

    # ------------------------------------------------------------ one step

    def schedule(self) -> Batch:
        self._admit()
        while (batch := self._build()).size > self._cache.sequences.free_cells:
            if not self.make_room():
                return Batch()
        return batch

    def commit(self, batch: Batch, seconds: float) -> list[Job]:
        """The context holds the batch: account for it; returns the jobs that got logits."""
        by_id = {job.id: job for job in self.running}
        prefilled = sum(size for part in batch.slices if (size := len(part.tokens)) > 1)
        if prefilled:
            watched = self._is_watched(by_id[batch.slices[0].request_id])
            self._resize_chunk(prefilled, seconds, watched=watched)
        for part in batch.slices:
            job = by_id[part.request_id]
            assert job.sequence is not None
            self._cache.extend(job, part.tokens)
        return [by_id[request_id] for request_id, _ in batch.outputs()]

    def make_room(self) -> bool:
        """Free some cells; False when one request alone fills the cache."""
        if self._cache.evict_one():
            return True
        if len(self.running) < 2:
            return False
        self.preempt(max(self.running, key=lambda job: (job.background, job.arrived)))
        self._crowded_at = len(self.running) + 1
        self._cache.evict_one()
        return True

    def _resize_chunk(self, prefilled: int, seconds: float, *, watched: bool) -> None:
        """After a step that computed so many tokens of prompts, beside running replies or not."""
        if not watched:
            # A token costs least in a large step: so many would be slow beside a reply, too.
            if prefilled > self._chunk and prefilled * _SLOW_STEP_S < self._chunk * seconds:
                self._chunk = max(_SMALLEST_CHUNK, int(prefilled * _SLOW_STEP_S / seconds))
        elif seconds > _SLOW_STEP_S:
            self._chunk = max(_SMALLEST_CHUNK, prefilled // 2)
        elif prefilled >= self._chunk and seconds < _QUICK_STEP_S:
            self._chunk = min(self.limits.step_tokens, 2 * prefilled)

    # ------------------------------------------------------------ admission

    def _admit(self) -> None:
        if self._crowded_at is not None and len(self.running) < self._crowded_at - 1:
            self._crowded_at = None
        while (job := self._next_waiting()) is not None:
            if self._is_held(job) or not self._give_room(job):
                return  # nobody overtakes: a long prompt must not starve
            self.queue.remove(job)
            self.running.append(job)
            self._serve(job.request.session)
            job.admitted = job.admitted or self._clock()

    def _is_held(self, job: Job) -> bool:
        if self._crowded_at is None:
            return False
        return job.background or any(not other.background for other in self.running)

    def _next_waiting(self) -> Job | None:
        """Interactive first, then by turns, then the oldest."""
        # Looking for what a job could share takes time: no further than to the first one.
        for job in sorted(self.queue, key=lambda job: (job.background, job.turn)):
            if job.ready and not self._awaits_prefix(job):
                return job
        return None

    def _serve(self, session: SessionId) -> None:
        """What a session has waiting besides comes after everybody who is here now."""
        self._turn += 1
        for job in self.queue:
            if session and job.request.session == session:
                job.turn = self._turn

    def _give_room(self, job: Job) -> bool:
        while True:
            promised = sum(other.reserve for other in self.running)
            if self._cache.admit(job, promised):
                return True
            if not self.running:
                # Alone it may start without its reserve: it ends with "length" if it must.
                self._cache.evict_all()
                return self._cache.admit(job, job.pending - job.reserve)
            lesser = [other for other in self.running if other.background]
            if job.background or not lesser:
                return False
            self.preempt(max(lesser, key=lambda other: other.arrived))

    def _awaits_prefix(self, job: Job) -> bool:
        """Another request is computing what this one starts with: wait, then fork."""
        coming = max(
            (
                self._cache.will_share(other, common_prefix(other.tokens, job.tokens))
                for other in self.running
                if not other.streaming
                and other.adapters == job.adapters
                # A side job gets no steps while people are answered: nobody of them waits for it.
                and (job.background or not other.background)
            ),
            default=0,
        )
        coming = min(coming, len(job.tokens) - 1) - _WORTH_WAITING
        return coming >= 0 and coming >= self._cache.find(job).length

    # ------------------------------------------------------------ the batch

    def _build(self) -> Batch:
        jobs = self._group()
        slices = [self._slice(job, 1) for job in jobs if job.streaming]
        room = self.limits.step_tokens - len(slices)
        if jobs and self._is_watched(jobs[0]):
            room = min(room, self._chunk)
        elif jobs and jobs[0].background:
            room = min(room, self.limits.background_chunk)
        for job in jobs:
            if not job.streaming and room > 0:
                part = self._slice(job, min(room, self._cache.stretch(job)))
                room -= len(part.tokens)
                slices.append(part)
        return Batch(tuple(slices), jobs[0].adapters if jobs else ())

    def _group(self) -> list[Job]:
        """Those that may share a step: the same class and adapters; equals take turns."""
        live = [job for job in self.running if not job.cancelled]
        first = [job for job in live if not job.background] or live
        if not first:
            return []
        self._turn += 1
        start = self._turn % len(first)
        rotated = first[start:] + first[:start]
        return [job for job in rotated if job.adapters == rotated[0].adapters]

    def _is_watched(self, job: Job) -> bool:
        """Whether a reply of the same class is being read while this job computes."""
        return any(other.streaming and other.background == job.background for other in self.running)

    def _slice(self, job: Job, count: int) -> Slice:
        assert job.sequence is not None
        start = job.cached
        tokens = tuple(job.tokens[start : start + count])
        last = start + len(tokens) == len(job.tokens)
        wants = last and job.max_tokens > 0
        return Slice(job.id, job.sequence.id, start, tokens, wants)
