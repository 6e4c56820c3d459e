"""What is tried when a model does not fit."""

import msgspec
import pytest

from app.core.errors import OutOfMemory
from app.core.fit import Settings
from app.core.model_facts import Layer, ModelFacts
from app.core.protocol import Device, ModelSpec
from app.engine.build import shape_of
from app.engine.ladder import Attempt, next_attempt
from app.engine.plan import make_plan, wants_full_window

GIB = 1 << 30
EIGHT_B = ModelFacts(
    kind="chat",
    layers=(Layer(weight_bytes=140 << 20, kv_heads=8, key_size=128, value_size=128),) * 32,
    input_bytes=280 << 20,
    output_bytes=420 << 20,
    width=4096,
    vocabulary=128_000,
    trained_ctx=131_072,
)


def machine(ram_gib: float, vram_gib: float = 0.0) -> list[Device]:
    def device(name: str, kind: str, gib: float) -> Device:
        size = int(gib * GIB)
        return Device(
            name=name,
            description=name,
            kind=kind,  # type: ignore[arg-type]
            total_bytes=size,
            free_bytes=size,
        )

    cpu = [device("CPU", "cpu", ram_gib)]
    return cpu + ([device("GPU0", "gpu", vram_gib)] if vram_gib else [])


def attempt(devices: list[Device], **spec: object) -> Attempt:
    model = ModelSpec(path="m.gguf", **spec)  # type: ignore[arg-type]
    return make_plan(model, EIGHT_B, devices, lambda settings: None).attempt


def test_without_a_gpu_everything_stays_on_the_cpu() -> None:
    assert attempt(machine(32)) == Attempt(0, 8192)


def test_layers_fill_the_gpu_they_fit_into() -> None:
    some = attempt(machine(32, 4))
    assert 0 < some.gpu_layers < 33
    assert attempt(machine(32, 24)).gpu_layers == 33
    assert attempt(machine(32, 3)).gpu_layers < some.gpu_layers


def test_the_user_may_choose_the_layers() -> None:
    assert attempt(machine(32, 24), gpu_layers=5).gpu_layers == 5
    assert attempt(machine(32, 24), gpu_layers=0).gpu_layers == 0


def test_the_context_is_clamped_to_memory_before_anything_is_tried() -> None:
    assert attempt(machine(24), chat_ctx=2_000_000_000).chat_ctx <= 131_072
    assert 2048 <= attempt(machine(8), chat_ctx=100_000).chat_ctx < 20_000


@pytest.mark.parametrize(("chat_ctx", "cells"), [(2048, 3072), (4096, 4096), (8192, 12_288)])
def test_room_for_a_wind_never_changes_how_positions_are_read(chat_ctx: int, cells: int) -> None:
    """LongRoPE: past 4,096 cells, not tokens, the library would take its other factors."""
    facts = msgspec.structs.replace(EIGHT_B, short_ctx=4096)
    spec = ModelSpec(path="m.gguf", chat_ctx=chat_ctx)
    plan = make_plan(spec, facts, machine(64), lambda settings: None)
    assert plan.settings.cells == cells
    shape = shape_of(spec, plan.attempt, window=0, recurrent=False, short_ctx=facts.short_ctx)
    assert shape.cells == cells


def test_not_even_the_dry_run_is_asked_about_an_absurd_context() -> None:
    """It keeps a list of the cells: a hundred gigabytes for three thousand million of them."""
    asked: list[Settings] = []
    spec = ModelSpec(path="m.gguf", chat_ctx=2_000_000_000)
    facts = msgspec.structs.replace(EIGHT_B, trained_ctx=2_000_000_000)
    make_plan(spec, facts, machine(24), asked.append)
    assert asked[0].cells < 300_000


def test_a_model_whose_memory_does_not_grow_has_bounds_too() -> None:
    layers = (Layer(weight_bytes=1 << 20, kv_heads=0, key_size=0, value_size=0, state_bytes=9),)
    facts = msgspec.structs.replace(EIGHT_B, layers=layers, trained_ctx=2_000_000_000)
    spec = ModelSpec(path="m.gguf", chat_ctx=2_000_000_000)
    assert make_plan(spec, facts, machine(24), lambda settings: 0).attempt.chat_ctx <= 1 << 24


def test_a_window_that_a_clamped_context_no_longer_uses_is_not_counted_on() -> None:
    """The context is created for the clamped size, so the estimate has to be made for it."""
    layer = msgspec.structs.replace(EIGHT_B.layers[0], windowed=True)
    facts = msgspec.structs.replace(EIGHT_B, layers=(layer,) * 32, window=1024)
    spec = ModelSpec(path="m.gguf", chat_ctx=131_072)
    plan = make_plan(spec, facts, machine(7.5), lambda settings: 0)
    settings = plan.settings
    assert settings.chat_ctx < 131_072
    shape = shape_of(spec, plan.attempt, window=1024, recurrent=False, short_ctx=0)
    assert settings.full_window == shape.full_window
    assert plan.fit.label != "too_big"


def test_a_model_larger_than_memory_is_refused_before_it_is_loaded() -> None:
    with pytest.raises(OutOfMemory):
        attempt(machine(3))


def test_the_dry_run_counts() -> None:
    spec = ModelSpec(path="m.gguf", chat_ctx=100_000)
    small = make_plan(spec, EIGHT_B, machine(16), lambda settings: 64 << 20)
    large = make_plan(spec, EIGHT_B, machine(16), lambda settings: 2 << 30)
    assert large.attempt.chat_ctx < small.attempt.chat_ctx


def _below(failed: Attempt, *, compressible: bool = True) -> tuple[Attempt, str] | None:
    return next_attempt(failed, layers=32, asked_ctx=8192, compressible=compressible)


def test_the_ladder_goes_down_one_rung_at_a_time() -> None:
    rungs: list[Attempt] = [Attempt(32, 8192)]
    words: list[str] = []
    while below := _below(rungs[-1]):
        rungs.append(below[0])
        words.append(below[1])
        assert len(rungs) < 20
    assert [rung.gpu_layers for rung in rungs[:3]] == [32, 16, 16]
    assert rungs[-1].gpu_layers == 0
    assert min(rung.chat_ctx for rung in rungs) >= 2048
    assert "a compressed cache" in words
    assert all(rung.type_k == "f16" for rung in rungs if not rung.gpu_layers)


def test_without_a_gpu_only_the_context_shrinks() -> None:
    below = _below(Attempt(0, 8192))
    assert below is not None
    assert below[0] == Attempt(0, 4096)
    assert _below(Attempt(0, 2048)) is None


def test_what_cannot_be_compressed_goes_to_the_processor_at_once() -> None:
    below = _below(Attempt(16, 2048), compressible=False)
    assert below is not None
    assert below[0] == Attempt(0, 8192)


@pytest.mark.parametrize(
    ("window", "cells", "sequences", "full"),
    [(4096, 12_288, 16, True), (512, 98_304, 16, False), (96, 640, 4, True)],
)
def test_small_window_caches_are_used_where_they_save(
    window: int, cells: int, sequences: int, full: bool
) -> None:
    assert wants_full_window(window, cells, sequences) is full
