"""What a step and a restore cost, in processor time: a busy machine changes it little."""

import statistics
from collections.abc import Callable
from collections.abc import Sequence as Sequences
from pathlib import Path
from time import thread_time

import pytest

from app.core.frames import encode
from app.core.protocol import ModelSpec
from app.engine.batch import Batch
from app.engine.llama.context import Context
from app.engine.sequences import Sequence
from app.engine.snapshots import Snapshots
from app.engine.tiers import Link
from tests.engine.rig import Rig, loaded

REPLY = 24


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("streams", [1, 4, 16])
def test_outside_the_library_a_step_costs_next_to_nothing(
    streams: int, built_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All replies together reach at least 0.97 of what the library alone would do."""
    inside = 0.0
    decode = Context.decode

    def timed(self: Context, batch: Batch) -> int:
        nonlocal inside
        started = thread_time()
        code = decode(self, batch)
        inside += thread_time() - started
        return code

    monkeypatch.setattr(Context, "decode", timed)
    with loaded(built_model("bench")) as model:
        rig = Rig(model, ModelSpec(path=model.path, chat_ctx=256, parallel=16, threads=1))
        for stream in range(streams):
            tokens = [1000 + 50 * stream + index for index in range(16)]
            rig.submit(f"r{stream}", tokens, session=f"s{stream}", max_tokens=REPLY)
        while any(job.pending > 1 for job in rig.jobs.values()):
            rig.step()
        inside, started = 0.0, thread_time()
        while len(rig.ends) < streams:
            encode(rig.step())  # into the pipe, as a frame
        total = thread_time() - started
        rig.close()
    spare_us = (total - inside) / (streams * REPLY) * 1e6
    print(f"{streams} streams: {inside / total:.4f} inside the library, {spare_us:.0f} µs a token")
    assert inside / total >= 0.97


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_chat_of_a_thousand_tokens_comes_back_within_50_ms(
    built_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[float] = []
    restore = Snapshots.restore

    def timed(self: Snapshots, sequence: Sequence, links: Sequences[Link]) -> bool:
        started = thread_time()
        restored = restore(self, sequence, links)
        if restored:
            taken.append(thread_time() - started)
        return restored

    monkeypatch.setattr(Snapshots, "restore", timed)
    talk = [1000 + index * 7 % 900 for index in range(1000)]
    with loaded(built_model("bench")) as model:
        spec = ModelSpec(path=model.path, chat_ctx=2048, threads=1, cache_ram_bytes=1 << 30)
        rig = Rig(model, spec)
        started = thread_time()
        rig.reply("first", talk, session="s", max_tokens=1)
        computed = thread_time() - started
        for turn in range(5):
            rig.engine.cache.evict_all()
            job = rig.reply(f"again{turn}", [*talk, 1234 + turn], session="s", max_tokens=1)
            assert (job.reuse, job.reused_tokens) == ("ram", len(talk))
        rig.close()
    came_back = statistics.median(taken)
    print(f"restored in {came_back * 1000:.1f} ms, computed in {computed * 1000:.0f} ms")
    assert came_back < 0.05
