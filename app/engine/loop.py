"""The decode thread: owns the model, its context and every sequence; one event frame a step.

Other threads reach it through its inbox and through `cancel`. A request ends exactly once,
with Finished or Failed, whatever happens to the step it was in.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from app.core.errors import GenerationTimeout, InvalidRequest, KnownError
from app.core.ids import RequestId, SessionId
from app.core.protocol import (
    Embedded,
    Event,
    Finished,
    FinishReason,
    Load,
    LoadProgress,
    Progress,
    Stats,
    WorkerStats,
)
from app.engine.batch import Batch
from app.engine.desk import Desk
from app.engine.embed import EmbedJob
from app.engine.engine import Engine
from app.engine.jobs import Job
from app.engine.llama.context import ABORTED, NO_ROOM
from app.engine.llama.model import LoadCancelled
from app.engine.load import load_engine
from app.engine.outbox import Outbox, failed

_TOO_LATE = GenerationTimeout(
    "The reply took longer than its time limit. Try again or raise the limit."
)

_IDLE_S = 0.5  # with nothing to do for so long, what is only in the context is saved
_NEXT_S = 0.01
_PROGRESS_STEP = 0.01

_log = logging.getLogger(__name__)


class Loop:
    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._stepping: list[Job] = []  # whose tokens the context computes now
        self._loads: dict[RequestId, bool] = {}  # not over yet; whether they were cancelled
        self._embeds: list[EmbedJob] = []
        self._stopping = False
        # How long to wait for something to do before one more stretch of a sequence is saved.
        self._save_in: float | None = None
        self._thread = threading.Thread(target=self._run, name="decode", daemon=True)
        self.engine: Engine | None = None
        self.desk: Desk | None = None
        self.stats = WorkerStats()

    # ------------------------------------------------------------ from other threads

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def load(self, command: Load, *, cancelled: bool = False) -> None:
        with self._lock:  # a cancel may follow before the load has begun
            self._loads[command.request_id] = cancelled
        self._inbox.put(lambda: self._load(command))

    def submit(self, job: Job) -> None:
        self._inbox.put(lambda: self._submit(job))

    def purge(self, session: SessionId) -> None:
        self._inbox.put(lambda: self._purge(session))

    def trim(self, ram_bytes: int) -> None:
        self._inbox.put(lambda: self._trim(ram_bytes))

    def embed(self, job: EmbedJob) -> None:
        self._inbox.put(lambda: self._embeds.append(job))

    def cancel(self, request_id: RequestId) -> None:
        self._inbox.put(lambda: self._cancel(request_id))
        with self._lock:
            if request_id in self._loads:
                self._loads[request_id] = True
            for job in self._stepping:
                if job.id == request_id:
                    job.cancelled = True
            # An abort leaves the other requests' tokens in the cache without their logits,
            # so the step only ends early when nobody needs it any more.
            if self._stepping and all(job.cancelled for job in self._stepping) and self.engine:
                self.engine.context.abort()

    def stop(self, timeout_s: float) -> bool:
        """Ends the thread and frees the model; False when it hangs inside the library."""
        self._inbox.put(self._stop)
        with self._lock:
            self._loads = dict.fromkeys(self._loads, True)
            if self._stepping and self.engine:
                self.engine.context.abort()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # ------------------------------------------------------------ the beat

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._drain()
                if self.engine and not self._stopping:
                    self.beat(self.engine)
            except OSError:
                return  # nobody reads our events any more
            except Exception as error:  # noqa: BLE001 - it ends a request, not the process
                _log.exception("the engine failed in a step")
                self._fail_all(error)
        if self.engine:
            self.engine.close()

    def beat(self, engine: Engine) -> None:
        """Each part's events are out before the next part may fail."""
        self._publish(self.sweep(engine))
        self._publish(self.step(engine))
        self._publish(self._embed_next(engine))

    def step(self, engine: Engine) -> list[Event]:
        batch = engine.scheduler.schedule()
        if not batch.slices:
            return self._exhausted(engine)
        code, seconds = self._decode(engine, batch)
        if code == NO_ROOM:
            return [] if engine.scheduler.make_room() else self._exhausted(engine)
        if code == ABORTED:
            engine.cache.roll_back(engine.scheduler.of(batch))
            return []
        ready = engine.scheduler.commit(batch, seconds)
        return self._progress(engine, batch) + self._write(engine, batch, ready)

    def _decode(self, engine: Engine, batch: Batch) -> tuple[int, float]:
        with self._lock:
            self._stepping = engine.scheduler.of(batch)
            engine.context.rearm()
        code, seconds = engine.decode(batch)
        with self._lock:
            self._stepping = []
        return code, seconds

    def _write(self, engine: Engine, batch: Batch, ready: list[Job]) -> list[Event]:
        events: list[Event] = []
        for job, (_, index) in zip(ready, batch.outputs(), strict=True):
            try:
                events += self._next_token(engine, job, index)
            except Exception as error:  # noqa: BLE001 - it ends a request, not the process
                events += self._fail(engine, job, error)
        for job in engine.scheduler.primed():
            events += self._finish(engine, job, "length")
        return events

    def _next_token(self, engine: Engine, job: Job, index: int) -> list[Event]:
        if not job.first_token:
            job.reply.begin(job.tokens)
            job.first_token = time.monotonic()
        token = job.reply.pick(engine.context.logits(index))
        job.tokens.append(token)
        delta = job.reply.feed(job.id, token)
        if job.reply.ended:
            return [delta, *self._finish(engine, job, "stop")]
        if job.generated >= job.max_tokens:
            return [delta, *self._finish(engine, job, "length")]
        return [delta]

    def _progress(self, engine: Engine, batch: Batch) -> list[Event]:
        return [
            Progress(
                request_id=job.id,
                done=job.cached,
                total=job.prompt_tokens,
                reused=job.reused_tokens,
            )
            for job in engine.scheduler.of(batch)
            if not job.generated and job.pending > 0
        ]

    # ------------------------------------------------------------ ends

    def sweep(self, engine: Engine) -> list[Event]:
        """Cancelled and overdue requests end before the next step is planned."""
        events: list[Event] = []
        now = time.monotonic()
        for job in engine.scheduler.jobs():
            if job.cancelled:
                events += self._finish(engine, job, "cancelled")
            elif job.is_late(now):
                events += self._fail(engine, job, _TOO_LATE)
        return events

    def _exhausted(self, engine: Engine) -> list[Event]:
        """One request alone fills the cache: its reply ends here."""
        return [
            event
            for job in engine.scheduler.running[:1]
            for event in self._finish(engine, job, "length")
        ]

    def _finish(self, engine: Engine, job: Job, reason: FinishReason) -> list[Event]:
        rest = job.reply.finish(job.id)
        stats = job.stats()
        calls = job.reply.calls
        engine.end(job)
        held = [rest] if rest.text or rest.reasoning else []
        reason = "tool_calls" if calls and reason == "stop" else reason
        end = Finished(request_id=job.id, reason=reason, stats=stats, tool_calls=calls)
        return [*held, end]

    def _fail(self, engine: Engine, job: Job, error: Exception) -> list[Event]:
        engine.end(job)
        return [failed(job.id, error)]

    def _fail_all(self, error: Exception) -> None:
        with self._lock:
            self._stepping = []
        if self.engine:
            engine = self.engine
            engine.forget_everything()
            self._publish(
                [e for job in engine.scheduler.jobs() for e in self._fail(engine, job, error)]
            )

    # ------------------------------------------------------------ the inbox

    def _drain(self) -> None:
        """Wait while there is nothing to do; take everything that has come in."""
        busy = self.engine is not None and (self.engine.scheduler.has_work or self._embeds)
        patience = None if busy else self._save_in
        try:
            command = self._inbox.get(block=not busy, timeout=patience)
        except Empty:
            if patience is not None and self.engine:
                self._save_in = _NEXT_S if self.engine.cache.save_one() else None
            return
        # Whatever this starts is to be saved some time after it has ended.
        self._save_in = _IDLE_S
        command()
        with suppress(Empty):
            while True:
                self._inbox.get_nowait()()

    def _load(self, command: Load) -> None:
        told = -1.0

        def report(fraction: float, step: str = "") -> bool:
            nonlocal told
            if step or fraction in (0.0, 1.0) or abs(fraction - told) >= _PROGRESS_STEP:
                told = fraction
                event = LoadProgress(request_id=command.request_id, fraction=fraction, step=step)
                self._outbox.send([event])
            return not self._loads.get(command.request_id)

        try:
            if self.engine is not None:
                raise InvalidRequest("This engine process holds a model already.")
            engine, loaded = load_engine(command, report)
            if self._loads.get(command.request_id):  # after the last report
                engine.close()
                raise LoadCancelled
            self.engine = engine
            self.desk = Desk(self.engine)
            self._publish([loaded])
        except LoadCancelled:
            end = Finished(request_id=command.request_id, reason="cancelled", stats=Stats())
            self._publish([end])
        except Exception as error:  # noqa: BLE001 - it ends a request, not the process
            self._publish([failed(command.request_id, error)])
        finally:
            with self._lock:
                self._loads.pop(command.request_id, None)

    def _submit(self, job: Job) -> None:
        assert self.engine is not None
        try:
            self.engine.scheduler.submit(job)
            self.engine.cache.prefetch(job, lambda: self._inbox.put(_wake))
        except KnownError as error:
            job.reply.close()
            self._publish([failed(job.id, error)])

    def _embed_next(self, engine: Engine) -> list[Event]:
        """One pass over texts, so that replies go on between the passes of a long list."""
        if not self._embeds:
            return []
        job = min(self._embeds, key=lambda job: job.request.priority == "background")
        request_id = job.request.request_id
        try:
            if job.cancelled:
                end = Finished(request_id=request_id, reason="cancelled", stats=Stats())
            elif engine.embed(job):
                return []
            else:
                end = Embedded(request_id=request_id, vectors=tuple(job.vectors), tokens=job.tokens)
        except Exception as error:  # noqa: BLE001 - it ends a request, not the process
            end = failed(request_id, error)
        self._embeds.remove(job)
        return [end]

    def _cancel(self, request_id: RequestId) -> None:
        # Cancel may arrive after Finished was sent: both orders are normal.
        job = self.engine.scheduler.find(request_id) if self.engine else None
        if job:
            job.cancelled = True
        for embed in self._embeds:
            embed.cancelled = embed.cancelled or embed.request.request_id == request_id

    def _purge(self, session: SessionId) -> None:
        if self.engine:
            self.engine.purge(session)

    def _trim(self, ram_bytes: int) -> None:
        if self.engine:
            self.engine.cache.snapshots.tiers.trim(ram_bytes)

    def _stop(self) -> None:
        self._stopping = True

    def _publish(self, events: list[Event]) -> None:
        if self.engine:
            self.stats = self.engine.stats()
        if events:
            self._outbox.send(events)


def _wake() -> None:
    """An empty task: it only ends the wait for the next one."""
