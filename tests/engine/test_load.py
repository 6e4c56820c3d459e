"""Loading: what is reported, what is tried when it does not fit, what is refused."""

import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import InvalidRequest, ModelLoadFailed, OutOfMemory
from app.core.ids import RequestId
from app.core.model_facts import read_facts
from app.core.protocol import Adapter, Cancel, Failed, Finished, Load, Loaded, ModelSpec
from app.engine import build, load
from app.engine.engine import Engine
from app.engine.ladder import Attempt
from app.engine.llama import library
from app.engine.llama.context import Context, ContextShape
from app.engine.llama.model import LoadCancelled, Model
from app.engine.load import load_engine
from tests.engine.worker import Worker, ask


class Reports(list[tuple[float, str]]):
    """Notes every report and stops the load at the given one."""

    stop_at = -1

    def __call__(self, fraction: float, step: str = "") -> bool:
        self.append((fraction, step))
        return len(self) - 1 != self.stop_at


@pytest.fixture(autouse=True)
def _library() -> None:
    library.start()


@pytest.fixture
def engines() -> Iterator[list[Engine]]:
    made: list[Engine] = []
    yield made
    for engine in made:
        engine.close()


def command(path: Path, **spec: object) -> Load:
    values = {"chat_ctx": 1024, "threads": 1} | spec
    return Load(request_id=RequestId("l"), spec=ModelSpec(path=str(path), **values))  # type: ignore[arg-type]


def test_progress_goes_up_to_the_end(tiny_model: Path, engines: list[Engine]) -> None:
    reports = Reports()
    engine, loaded = load_engine(command(tiny_model), reports)
    engines.append(engine)
    fractions = [fraction for fraction, _ in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert loaded.info.steps == ()


def test_a_load_can_be_cancelled_half_way(tiny_model: Path) -> None:
    reports = Reports()
    reports.stop_at = 3
    with pytest.raises(LoadCancelled):
        load_engine(command(tiny_model), reports)
    assert len(reports) == 4


def test_a_smaller_context_is_tried_and_told(
    tiny_model: Path, engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Scarce(Context):
        def __init__(self, model: Model, shape: ContextShape) -> None:
            if shape.cells > 3072:
                raise OutOfMemory("no")
            super().__init__(model, shape)

    monkeypatch.setattr(build, "Context", Scarce)
    reports = Reports()
    engine, loaded = load_engine(command(tiny_model, chat_ctx=8192), reports)
    engines.append(engine)
    assert loaded.info.chat_ctx == 2048
    assert loaded.info.steps == ("a context of 4,096 tokens", "a context of 2,048 tokens")
    assert [step for _, step in reports if step] == [
        f"It does not fit into memory: trying {step}." for step in loaded.info.steps
    ]


def test_at_the_bottom_of_the_ladder_memory_is_named(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(model: Model, shape: ContextShape) -> Context:
        raise OutOfMemory("no")

    monkeypatch.setattr(build, "Context", never)
    with pytest.raises(OutOfMemory):
        load_engine(command(tiny_model), Reports())


def test_an_absurd_context_is_clamped_before_it_is_created(
    tiny_model: Path, engines: list[Engine]
) -> None:
    engine, loaded = load_engine(command(tiny_model, chat_ctx=2_000_000_000), Reports())
    engines.append(engine)
    assert loaded.info.chat_ctx <= loaded.info.trained_ctx


@pytest.mark.parametrize(
    "absurd",
    [
        {"chat_ctx": -1},
        {"chat_ctx": 1 << 62},
        {"parallel": 0},
        {"parallel": 1_000_000},
        {"threads": -3},
        {"threads": 1 << 30},
        {"gpu_layers": -7},
        {"cache_dir": "a\0b"},
        {"adapters": (Adapter(path="a\0b"),)},
        {"adapters": (Adapter(path="a", scale=float("nan")),)},
    ],
)
def test_absurd_settings_are_refused(absurd: dict[str, object], tiny_model: Path) -> None:
    with pytest.raises(InvalidRequest):
        load_engine(command(tiny_model, **absurd), Reports())


def test_the_widest_settings_work(tiny_model: Path, engines: list[Engine]) -> None:
    wide = {"chat_ctx": 16, "parallel": 64, "threads": 512, "cache_ram_bytes": -5}
    engine, _ = load_engine(command(tiny_model, **wide), Reports())
    engines.append(engine)


def test_settings_the_library_refuses_are_not_called_a_lack_of_memory(tiny_model: Path) -> None:
    with pytest.raises(ModelLoadFailed, match="flash_attn"):
        load_engine(command(tiny_model, type_v="q8_0", flash_attention="off"), Reports())


@pytest.mark.parametrize("said", ["std::bad_alloc", "unable to allocate CPU buffer"])
def test_a_model_that_finds_no_memory_is_told_from_a_bad_one(
    said: str, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: bytes, params: object) -> None:
        library._lines.append(f"llama_model_load: error loading model: {said}\n")

    monkeypatch.setattr(library.lib, "llama_model_load_from_file", fail)
    with pytest.raises(OutOfMemory):
        load_engine(command(tiny_model), Reports())


@pytest.mark.parametrize("kind", ["tiny", "swa", "recurrent", "hybrid"])
@pytest.mark.parametrize("chat_ctx", [512, 2048, 4096])
def test_the_estimate_is_what_the_library_allocates(
    kind: str, chat_ctx: int, built_model: Callable[[str], Path], engines: list[Engine]
) -> None:
    engine, loaded = load_engine(command(built_model(kind), chat_ctx=chat_ctx), Reports())
    engines.append(engine)
    sizes = re.findall(r"(\w+) buffer size\s*=\s*([\d.]+) MiB", "".join(library.recent_lines()))
    allocated = sum(float(size) for what, size in sizes if what != "output") * (1 << 20)
    info = loaded.info
    estimated = info.weights_bytes + info.kv_bytes + info.compute_bytes
    assert estimated == pytest.approx(allocated, rel=0.05)


def test_unknown_devices_and_unfit_adapters_are_named(
    tiny_model: Path, built_model: Callable[[str], Path]
) -> None:
    with pytest.raises(ModelLoadFailed, match="CUDA9"):
        load_engine(command(tiny_model, devices=("CUDA9",)), Reports())
    adapter = Adapter(path=str(tiny_model))
    with pytest.raises(ModelLoadFailed, match="adapter"):
        load_engine(command(tiny_model, adapters=(adapter,)), Reports())
    with pytest.raises(ModelLoadFailed):
        load_engine(command(built_model("lora-a")), Reports())
    gone = Adapter(path=str(tiny_model.with_name("gone.gguf")))
    with pytest.raises(ModelLoadFailed, match=r"adapter gone\.gguf is not there"):
        load_engine(command(tiny_model, adapters=(gone,)), Reports())


def test_a_worker_holds_one_model(worker: Worker, tiny_model: Path) -> None:
    worker.load(tiny_model, chat_ctx=512)
    again = Load(request_id=RequestId("again"), spec=ModelSpec(path=str(tiny_model)))
    assert worker.ask(again).error.kind == "invalid_request"


def test_a_worker_cancels_its_load(worker: Worker, tiny_model: Path) -> None:
    request = command(tiny_model)
    # The cancel may be read before the load has begun.
    worker.send(request, Cancel(request_id=request.request_id))
    end = worker.wait("l")
    assert isinstance(end, Finished)
    assert end.reason == "cancelled"
    worker.load(tiny_model, chat_ctx=512)


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "missing"])
def test_damaged_files_are_refused_and_the_worker_lives(
    damage: str, worker: Worker, tiny_model: Path, tmp_path: Path
) -> None:
    data = tiny_model.read_bytes()
    path = tmp_path / "bad.gguf"
    contents = {"cut": data[: len(data) // 2], "garbage": os.urandom(5000), "empty": b""}
    if damage != "missing":
        path.write_bytes(contents[damage])
    failed = worker.ask(command(path))
    assert isinstance(failed, Failed)
    assert failed.error.kind == "model_load_failed"
    worker.load(tiny_model, chat_ctx=512)
    assert isinstance(worker.ask(ask("a", "Still there?")), Finished)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_mutated_files_never_hang_or_lie(tiny_model: Path, tmp_path: Path) -> None:
    """Each answers with Loaded or a typed failure, or the process dies and is replaced."""
    data = tiny_model.read_bytes()
    chance = random.Random(4)
    outcomes = {"loaded": 0, "refused": 0, "died": 0}
    worker = Worker()
    path = tmp_path / "mutated.gguf"
    for _ in range(500):
        changed = bytearray(data)
        for _ in range(chance.choice([1, 1, 4, 16])):
            changed[chance.randrange(min(len(changed), 80_000))] = chance.randrange(256)
        path.write_bytes(changed)
        try:
            answer = worker.ask(command(path, chat_ctx=256))
        except AssertionError:
            outcomes["died"] += 1
        else:
            outcomes["loaded" if isinstance(answer, Loaded) else "refused"] += 1
            if isinstance(answer, Failed):
                assert answer.error.kind in ("model_load_failed", "out_of_memory")
                worker.seen.clear()
                continue
        worker.end()
        worker = Worker()
    worker.end()
    print(outcomes)
    assert sum(outcomes.values()) == 500


def test_the_dry_run_leaves_no_model_behind(tiny_model: Path) -> None:
    facts = load.read_facts(tiny_model)
    spec = command(tiny_model).spec
    plan = load.make_plan(spec, facts, load.list_devices(), lambda settings: None)
    assert load._measure(spec, facts, plan.settings)


def test_the_last_rung_asks_for_no_more_context_than_the_first(
    tiny_model: Path, engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = load.build_engine

    def on_the_processor(model: Model, spec: ModelSpec, attempt: Attempt, *rest: Any) -> Engine:
        if attempt.gpu_layers:
            raise OutOfMemory("no")
        return made(model, spec, attempt, *rest)

    monkeypatch.setattr(load, "build_engine", on_the_processor)
    spec = ModelSpec(path=str(tiny_model), chat_ctx=1 << 17, threads=1)
    steps: list[str] = []
    loading = load._Loading(spec, read_facts(tiny_model), Reports(), steps)
    engine, attempt = loading.run(Attempt(4, 1024))
    engines.append(engine)
    assert (attempt.gpu_layers, attempt.chat_ctx) == (0, 1024)
    assert steps[-1] == "the processor alone, without the GPU"
