"""What a step costs outside the library, in processor time: a busy machine changes it little."""

from collections.abc import Callable
from pathlib import Path
from time import thread_time

import pytest

from app.core.frames import encode
from app.core.protocol import ModelSpec
from app.engine.batch import Batch
from app.engine.llama.context import Context
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
