"""A sequence memory without a model: positions in lists, states as their encoding."""

from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any, cast

import msgspec

from app.core.ids import RequestId, SessionId
from app.core.protocol import Generate
from app.engine.batch import Batch
from app.engine.jobs import Job
from app.engine.kv import Cache, Roll
from app.engine.reply import Reply
from app.engine.scheduler import Limits, Scheduler
from app.engine.sequences import Sequences
from app.engine.snapshots import Snapshots
from app.engine.tiers import Tiers


class FakeMemory:
    def __init__(self) -> None:
        self.positions: dict[int, list[int]] = {}
        self.forgotten = 0  # what lies before is gone, as behind a sliding window

    def copy(self, source: int, target: int, start: int = -1, end: int = -1) -> None:
        held = self.positions.get(source, [])
        part = [at for at in held if at >= start and (end < 0 or at < end)]
        self.positions[target] = self.positions.get(target, []) + part

    def remove(self, sequence: int, start: int = -1, end: int = -1) -> bool:
        held = self.positions.get(sequence, [])
        self.positions[sequence] = [at for at in held if at < start or 0 <= end <= at]
        return True

    def first_position(self, sequence: int) -> int:
        held = self.positions.get(sequence, [])
        return max(self.forgotten, held[0]) if held else -1

    def state_of(self, sequence: int) -> bytes:
        return msgspec.msgpack.encode(self.positions.get(sequence, []))

    def restore_state(self, sequence: int, data: bytes) -> bool:
        self.positions[sequence] = msgspec.msgpack.decode(data)
        return True

    def accept(self, batch: Batch) -> None:
        for part in batch.slices:
            held = self.positions.setdefault(part.sequence, [])
            assert len(held) == part.start, "a gap in the positions"
            held += range(part.start, part.start + len(part.tokens))


class Bench:
    """A scheduler over a fake memory; `step` answers every request for logits with token 7."""

    def __init__(
        self,
        *,
        cells: int = 1000,
        count: int = 8,
        roll: Roll | None = None,
        limits: Limits | None = None,
        ram_bytes: int = 0,
        folder: Path | None = None,
    ) -> None:
        roll = roll or Roll()
        self.memory = FakeMemory()
        self.sequences = Sequences(self.memory, cells, count)
        self.tiers = Tiers(folder, ram_bytes=ram_bytes, disk_bytes=10**6 if folder else 0)
        self.tiers.start()
        snapshots = Snapshots(
            self.memory,
            self.sequences,
            self.tiers,
            identity=b"model",
            whole=roll.recurrent or roll.window > 0,
            scratch=count,
        )
        self.cache = Cache(self.sequences, self.memory, roll, snapshots, idle_cells=cells)
        self.now = 0.0
        self.scheduler = Scheduler(
            self.cache, limits or Limits(chat_ctx=500, step_tokens=128), lambda: self.now
        )

    def job(self, name: str, tokens: Items[int], *, max_tokens: int = 4, **values: Any) -> Job:
        values["session"] = SessionId(values.get("session", ""))
        job = Job(
            request=Generate(request_id=RequestId(name), tokens=tuple(tokens), **values),
            tokens=list(tokens),
            prompt_tokens=len(tokens),
            max_tokens=max_tokens,
            reply=cast(Reply, None),
        )
        self.scheduler.submit(job)
        return job

    def step(self, seconds: float = 0.01) -> Batch:
        batch = self.scheduler.schedule()
        self.memory.accept(batch)
        for job in self.scheduler.commit(batch, seconds):
            job.tokens.append(7)
            if job.generated >= job.max_tokens:
                self.scheduler.remove(job)
        for job in self.scheduler.primed():
            self.scheduler.remove(job)
        self.check()
        return batch

    def drain(self, most: int = 500) -> None:
        for _ in range(most):
            if not self.scheduler.has_work:
                return
            self.step()
        raise AssertionError("the scheduler does not come to an end")

    def check(self) -> None:
        for sequence in self.sequences.live.values():
            held = self.memory.positions.get(sequence.id, [])
            assert held == list(range(len(sequence.tokens)))

    def close(self) -> None:
        self.tiers.close()
