"""The estimate of a load against what the process grows by, for many models and contexts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.ids import RequestId
from app.core.protocol import Generate, GetStats
from tests.engine.worker import Worker

MIB = 1 << 20

CASES = [
    *(("bench", {"chat_ctx": ctx}) for ctx in (1024, 2048, 4096, 8192, 16_384, 32_768)),
    ("bench", {"chat_ctx": 4096, "parallel": 4}),
    ("bench", {"chat_ctx": 8192, "type_k": "q8_0", "type_v": "q8_0"}),
    *(("bench-q8", {"chat_ctx": ctx}) for ctx in (2048, 8192, 32_768)),
    ("bench-q8", {"chat_ctx": 8192, "type_k": "q8_0", "type_v": "q8_0"}),
]


def grown(worker: Worker, path: Path, spec: dict[str, object]) -> tuple[int, int]:
    """Estimated and real bytes, after a prompt of a full step has been computed."""

    def resident(name: str) -> int:
        return worker.ask(GetStats(request_id=RequestId(name))).stats.rss_bytes

    before = resident("before")
    info = worker.load(path, **spec).info
    tokens = tuple(range(1000, 1000 + 600))
    worker.ask(Generate(request_id=RequestId("g"), tokens=tokens, max_tokens=2))
    estimated = info.weights_bytes + info.kv_bytes + info.compute_bytes
    return estimated, resident("after") - before


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_process_grows_by_what_was_estimated(built_model: Callable[[str], Path]) -> None:
    errors: list[float] = []
    for kind, spec in CASES:
        path = built_model(kind)
        worker = Worker()
        estimated, real = grown(worker, path, spec)
        worker.end()
        errors.append(abs(estimated / real - 1))
        said = " ".join(f"{name}={value}" for name, value in spec.items())
        print(f"{kind:10} {said:48} {estimated / MIB:8.1f} {real / MIB:8.1f} MiB {errors[-1]:6.1%}")
    assert len(errors) >= 12
    assert max(errors) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tiny", "swa", "recurrent", "hybrid"])
def test_a_small_model_takes_little_more_than_was_estimated(
    kind: str, worker: Worker, built_model: Callable[[str], Path]
) -> None:
    """Its compute buffer is hardly touched, so it may take much less; what the process itself
    needs beside a model of megabytes shows here."""
    estimated, real = grown(worker, built_model(kind), {"chat_ctx": 4096, "parallel": 8})
    assert real < estimated + 16 * MIB
