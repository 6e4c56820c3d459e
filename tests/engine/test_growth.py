"""The estimate against what a real load takes."""

from pathlib import Path

import pytest

from app.core.calibration import measured_load
from scripts.make_model import build
from tests.engine.worker import Worker


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bench", "bench-q8"])
def test_an_estimate_is_within_a_tenth_of_the_load(kind: str, tmp_path: Path) -> None:
    model = build(kind, tmp_path / f"{kind}.gguf")
    worker = Worker()
    try:
        measured = measured_load(worker.load(model).info)
    finally:
        worker.end()
    assert measured
    print(f"{kind}: {measured.ratio:.3f} of the estimate")
    assert measured.ratio == pytest.approx(1.0, abs=0.1)
