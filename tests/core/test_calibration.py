"""What loads teach the estimates."""

from pathlib import Path

import pytest

from app.bootstrap.models import keep_measured
from app.core.calibration import (
    KEPT,
    MeasuredLoad,
    correction,
    measured_load,
    report,
    with_load,
)
from app.core.fit import Settings, arithmetic, estimate
from app.core.ids import WorkerId
from app.core.model_facts import Layer, ModelFacts
from app.core.protocol import Device, ModelInfo
from app.storage.measured_file import MeasuredFile
from app.workers.events import WorkerReady

GB = 10**9


def load(ratio: float, path: str = "m") -> MeasuredLoad:
    return MeasuredLoad(path, 8192, 0, GB, int(GB * ratio))


def info(grown: int, weights: int = GB, steps: tuple[str, ...] = ()) -> ModelInfo:
    return ModelInfo(
        path="m", name="", architecture="", parameters=0, file_bytes=0, layers=1, gpu_layers=0,
        trained_ctx=0, chat_ctx=8192, cells=0, parallel=1, vocabulary=0, embedding_length=0,
        weights_bytes=weights, grown_bytes=grown, steps=steps,
    )  # fmt: skip


def test_only_loads_that_say_something_are_kept() -> None:
    assert measured_load(info(GB + 5)) == MeasuredLoad("m", 8192, 0, GB, GB + 5)
    assert measured_load(info(0)) is None
    assert measured_load(info(GB, steps=("a smaller context",))) is None
    assert measured_load(info(GB, weights=1000)) is None


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ((), 1.0),
        ((0.9, 0.95), 1.0),
        ((1.1, 0.9, 1.2), 1.2),
        ((9.0,), 1.5),
        ((1.0,) * 16 + (1.4,), 1.0),
    ],
)
def test_the_correction_covers_recent_loads_and_stays_within_bounds(
    ratios: tuple[float, ...], expected: float
) -> None:
    assert correction([load(ratio) for ratio in ratios]) == pytest.approx(expected)


def test_a_report_for_doctor() -> None:
    assert report([]).loads == 0
    found = report([load(1.1), load(0.95), load(1.0)])
    assert (found.loads, found.correction) == (3, pytest.approx(1.1))
    assert (found.median_error, found.worst_error) == (pytest.approx(0.05), pytest.approx(0.1))


def test_each_model_counts_once_and_the_file_survives_damage(tmp_path: Path) -> None:
    loads = (load(1.1, "a"), load(1.2, "b"))
    assert [one.path for one in with_load(loads, load(1.3, "b"))] == ["b", "a"]
    many = tuple(load(1, str(number)) for number in range(KEPT))
    assert len(with_load(many, load(1, "x"))) == KEPT
    file = MeasuredFile(tmp_path / "loads.json")
    follow = keep_measured(file)
    follow(WorkerReady(worker=WorkerId("w"), model="m", roles=(), pid=1, info=info(GB + 7)))
    assert [one.measured_bytes for one in MeasuredFile(tmp_path / "loads.json").load()] == [GB + 7]
    (tmp_path / "loads.json").write_text("[{")
    assert file.load() == ()
    file.add(load(1.1))
    assert file.load() == (load(1.1),)


def test_a_correction_is_a_term_of_its_own() -> None:
    layer = Layer(GB // 10, kv_heads=8, key_size=128, value_size=128)
    facts = ModelFacts(kind="chat", layers=(layer,) * 10, input_bytes=GB // 10, vocabulary=1000)
    cpu = Device(name="CPU", description="", kind="cpu", total_bytes=8 * GB, free_bytes=3 * GB)
    plain = estimate(facts, Settings(), [cpu])
    raised = estimate(facts, Settings(correction=1.5), [cpu])
    assert raised.bytes == pytest.approx(1.5 * plain.bytes, rel=1e-6)
    assert "margin" in arithmetic(raised)[0]
    assert "margin" not in arithmetic(plain)[0]
    assert (plain.label, raised.label) == ("fits", "tight")
