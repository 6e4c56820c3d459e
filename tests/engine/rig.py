"""An engine without processes or threads: the test itself is the decode thread.

`Rig.check` recomputes a reply's every token in a fresh context, all at once: each must be the
best one there, or so near to the best that the shape of a batch may have turned it over.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from app.core.ids import RequestId, SessionId
from app.core.model_facts import read_facts
from app.core.protocol import Event, Failed, Finished, Generate, ModelSpec
from app.core.sampling import GREEDY
from app.engine.batch import Batch, Slice
from app.engine.build import build_engine
from app.engine.desk import Desk
from app.engine.engine import Engine
from app.engine.jobs import Job
from app.engine.ladder import Attempt
from app.engine.llama import library
from app.engine.llama.context import OK, Context, ContextShape
from app.engine.llama.model import Model, load_model
from app.engine.llama.vocab import Vocab
from app.engine.loop import Loop
from app.engine.outbox import Outbox
from app.engine.template import Ends, choose_template

# Logits of the same tokens in batches of other shapes differ by about 0.01 on these models,
# now and then by 0.07: a reply past this is asked about again in the shape it was written in.
NOISE = 0.05
_WIDEST_PASS = 256


# What the library writes for a state: a frame, each cell with its place and the count of its
# sequences, and for each of those its id. The empty state is shorter; see `max` below.
_STATE_FRAME, _CELL_BYTES, _ID_BYTES = 73, 8, 4


class Nowhere(Outbox):
    def __init__(self) -> None:
        self.events: list[Event] = []

    def send(self, events: Any) -> None:
        self.events += events


class Rig:
    def __init__(self, model: Model, spec: ModelSpec, short_ctx: int = 0) -> None:
        self.outbox = Nowhere()
        self.loop = Loop(self.outbox)
        self.model = model
        self.engine: Engine = build_engine(
            model,
            spec,
            Attempt(0, spec.chat_ctx),
            choose_template(None, Ends("", ""), ()),
            short_ctx,
        )
        layers = read_facts(Path(model.path)).layers
        self._cell_bytes = sum(la.kv_heads * (la.key_size + la.value_size) * 2 for la in layers)
        self._fetched = threading.Event()  # by the disk thread
        self.jobs: dict[RequestId, Job] = {}
        self.ends: dict[RequestId, Event] = {}

    def submit(self, name: str, tokens: Sequence[int], **values: Any) -> Job:
        values = {"sampling": GREEDY, "ignore_eos": True, "max_tokens": 8} | values
        request = Generate(
            request_id=RequestId(name),
            session=SessionId(values.pop("session", "")),
            tokens=tuple(tokens),
            **values,
        )
        job = Desk(self.engine).job(request)
        self.engine.scheduler.submit(job)
        self.engine.cache.prefetch(job, self._fetched.set)
        self.jobs[job.id] = job
        return job

    def step(self) -> list[Event]:
        events = [*self.loop.sweep(self.engine), *self.loop.step(self.engine)]
        for event in events:
            if isinstance(event, Finished | Failed):
                self.ends[event.request_id] = event
        return events

    def finish(self, *jobs: Job, most: int = 3000) -> None:
        for _ in range(most):
            if not self.engine.scheduler.jobs() or (
                jobs and all(job.id in self.ends for job in jobs)
            ):
                return
            if not self.engine.scheduler.has_work:
                self._fetched.wait(5)
            self._fetched.clear()
            self.step()
        raise AssertionError("the engine does not come to an end")

    def reply(self, name: str, tokens: Sequence[int], **values: Any) -> Job:
        job = self.submit(name, tokens, **values)
        self.finish(job)
        return job

    def assert_mirror_is_true(self) -> None:
        sequences = self.engine.cache.sequences
        for sequence in sequences.live.values():
            assert self.engine.context.last_position(sequence.id) == len(sequence.tokens) - 1
            assert len(sequence.cells) == len(sequence.tokens)
        assert sequences.used_cells == len(
            {cell for sequence in sequences.live.values() for cell in sequence.cells}
        )
        if not self.model.sliding_window and not self.model.recurrent:
            held = sum(len(sequence.tokens) for sequence in sequences.live.values())
            size = self.engine.context.state_size() - _STATE_FRAME - _ID_BYTES * held
            assert sequences.used_cells * (self._cell_bytes + _CELL_BYTES) == max(0, size)

    def assert_nothing_is_left(self) -> None:
        """No request, no owner; and once the cache is emptied, no cell and no sequence."""
        assert self.engine.scheduler.jobs() == []
        cache = self.engine.cache
        assert all(sequence.owner is None for sequence in cache.sequences.live.values())
        cache.evict_all()
        assert cache.sequences.used_cells == 0
        assert cache.sequences.free_ids == self.engine.context.shape.sequences - 1
        assert self.engine.context.first_position(0) == -1

    def close(self) -> None:
        self.engine.context.close()
        self.engine.cache.snapshots.tiers.close()


class Reference:
    """A plain context that computes one conversation at a time, from its first token."""

    def __init__(self, model: Model, cells: int) -> None:
        self.context = Context(model, ContextShape(cells=cells, sequences=1, threads=1))
        self._never = sorted(Vocab(model.pointer).end_tokens)  # the rig's replies ignore them

    def logits(self, tokens: Sequence[int], begin: int, at_once: int = _WIDEST_PASS) -> np.ndarray:
        """What follows each of tokens[begin:], so many computed in one pass."""
        self.context.clear()
        rows: list[np.ndarray] = []
        for start in range(0, len(tokens), at_once):
            part = tokens[start : start + at_once]
            slices = tuple(
                Slice(RequestId("r"), 0, start + index, (token,), start + index >= begin)
                for index, token in enumerate(part)
            )
            batch = Batch(slices)
            assert self.context.decode(batch) == OK
            rows += [self.context.logits(index).copy() for _, index in batch.outputs()]
        return np.stack(rows)

    def worst(self, job: Job) -> float:
        """How far the reply's tokens fall short of the best ones."""
        if not job.generated:
            return 0.0
        together = self._shortfall(job, _WIDEST_PASS)
        return together if together < NOISE else min(together, self._shortfall(job, 1))

    def _shortfall(self, job: Job, at_once: int) -> float:
        logits = self.logits(job.tokens[:-1], job.prompt_tokens - 1, at_once)
        logits[:, self._never] = -np.inf
        chosen = logits[np.arange(len(logits)), job.tokens[job.prompt_tokens :]]
        return float((logits.max(axis=1) - chosen).max())

    def close(self) -> None:
        self.context.close()


@contextmanager
def loaded(path: Path) -> Iterator[Model]:
    library.start()
    model = load_model(str(path), gpu_layers=0)
    yield model
    model.close()
