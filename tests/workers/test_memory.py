"""The reservation ledger and what it decides: who fits, who goes, what low memory does."""

import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.core.protocol import Device, ModelInfo, ModelSpec
from app.workers.events import PoolEvent, PoolMeasured, WorkerLoading, WorkerUnloaded
from app.workers.ledger import RAM, Ledger, budgets, estimate, measured
from app.workers.machine import Machine
from app.workers.pool import Pool
from tests.workers.asking import Answer, Until, ask, load, load_tiny
from tests.workers.conftest import MakePool

GB = 10**9
MIB = 2**20


def device(name: str, total: int = 0) -> Device:
    return Device(name=name, description="", kind="gpu", total_bytes=total, free_bytes=total)


# ---------------------------------------------------------------- the arithmetic


def test_what_was_allocated_is_available_again_after_release() -> None:
    ledger = Ledger({RAM: 10})
    ledger.allocate("a", {RAM: 4})
    ledger.allocate("a", {RAM: 6})  # the truth replaces the estimate
    assert ledger.available(RAM) == 4
    ledger.release("a")
    ledger.release("a")
    assert ledger.available(RAM) == 10


def test_a_plan_names_as_few_idle_models_as_needed_longest_idle_first() -> None:
    ledger = Ledger({RAM: 10, "CUDA0": 8})
    ledger.allocate("old", {RAM: 3})
    ledger.allocate("gpu", {"CUDA0": 8})
    ledger.allocate("new", {RAM: 3})
    plan = ledger.plan("x", {RAM: 6}, idle=["gpu", "old", "new"])
    assert (plan.unload, plan.fits) == (("old",), True)


def test_a_plan_says_what_is_missing_even_then() -> None:
    ledger = Ledger({RAM: 10})
    ledger.allocate("busy", {RAM: 8})
    ledger.allocate("idle", {RAM: 1})
    plan = ledger.plan("x", {RAM: 5}, idle=["idle"])
    assert (plan.fits, plan.unload, plan.short) == (False, ("idle",), {RAM: 3})


def test_reloading_a_model_counts_its_own_memory_as_free() -> None:
    ledger = Ledger({RAM: 10})
    ledger.allocate("x", {RAM: 8})
    assert ledger.plan("x", {RAM: 9}, idle=["x"]).fits


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 20)),
    st.integers(0, 40),
    st.permutations("abcdef"),
)
def test_a_plan_that_fits_fits_once_its_victims_are_gone(
    held: dict[str, int], need: int, idle: list[str]
) -> None:
    ledger = Ledger({RAM: 40})
    for holder, size in held.items():
        ledger.allocate(holder, {RAM: size})
    plan = ledger.plan("x", {RAM: need}, [name for name in idle if name in held])
    for holder in plan.unload:
        ledger.release(holder)
    assert plan.fits == (ledger.available(RAM) >= need)
    if plan.unload:  # the last one was needed
        last = plan.unload[-1]
        assert ledger.available(RAM) - held[last] < need


def test_budgets_by_kind_of_device() -> None:
    found = budgets(16 * GB, [device("CUDA0", 10 * GB), device("Metal", 16 * GB)])
    assert found == {RAM: 4 * GB, "CUDA0": 8 * GB, "Metal": 8 * GB}


def test_an_estimate_is_near_what_the_engine_reports(make_pool: MakePool, tiny_model: Path) -> None:
    pool = make_pool(launch=None)
    info = load_tiny(pool, tiny_model)
    spec = ModelSpec(path=str(tiny_model), chat_ctx=2048)
    reported = info.weights_bytes + info.kv_bytes
    assert reported <= estimate(spec, [])[RAM] <= reported + 2 * MIB + info.compute_bytes * 2


def test_an_estimate_goes_to_the_gpu_unless_told_otherwise(tiny_model: Path) -> None:
    gpu = device("CUDA0", 4 * GB)
    there = estimate(ModelSpec(path=str(tiny_model)), [gpu])
    here = estimate(ModelSpec(path=str(tiny_model), gpu_layers=0), [gpu])
    assert there["CUDA0"] > there[RAM]
    assert here[RAM] > here["CUDA0"]


def test_an_estimate_goes_where_the_model_was_told_to_go(tiny_model: Path) -> None:
    devices = [device("CUDA0", 4 * GB), device("CUDA1", 4 * GB)]
    chosen = estimate(ModelSpec(path=str(tiny_model), devices=("CUDA1",)), devices)
    assert chosen["CUDA1"] > chosen[RAM]
    assert "CUDA0" not in chosen
    chats = ModelSpec(path=str(tiny_model), chat_ctx=8192)
    embeds = ModelSpec(path=str(tiny_model), chat_ctx=8192, embedding=True)
    assert estimate(embeds, [])[RAM] < estimate(chats, [])[RAM]


def test_a_file_that_cannot_be_read_is_left_to_the_load(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    for path in (broken, tmp_path / "missing.gguf"):
        assert estimate(ModelSpec(path=str(path)), []) == {RAM: 0}


def test_a_loaded_model_is_split_by_its_layers() -> None:
    info = ModelInfo(
        path="",
        name="",
        architecture="",
        parameters=0,
        file_bytes=0,
        layers=4,
        gpu_layers=3,
        trained_ctx=0,
        chat_ctx=0,
        cells=0,
        parallel=1,
        vocabulary=0,
        embedding_length=0,
        weights_bytes=300,
        kv_bytes=80,
        compute_bytes=20,
    )
    assert measured(info, [device("CUDA0")]) == {"CUDA0": 300, RAM: 100}
    assert measured(info, []) == {RAM: 400}


# ---------------------------------------------------------------- the pool


class Ram:
    """A machine's memory as the test likes it."""

    def __init__(self, total: int, free: int) -> None:
        self.free = free
        self.machine = Machine(total, lambda: self.free, ((0,),), 1)


def sized(spec: ModelSpec, _: object) -> dict[str, int]:
    return {RAM: int(dict(word.split("=") for word in spec.path.split()).get("need", "0"))}


def make(make_pool: MakePool, ram: Ram, **rules: float) -> Pool:
    return make_pool(machine=ram.machine, estimate=sized, **rules)


def spec_of(name: str, size: int) -> str:
    return f"name={name} need={size} weights={size}"


def names(pool: Pool) -> dict[str, str]:
    return {each.model.split()[0][5:]: each.phase for each in pool.state.workers}


def test_a_second_model_is_planned_beforehand_and_the_longest_idle_goes(
    make_pool: MakePool,
) -> None:
    pool = make(make_pool, Ram(40 * GB, 40 * GB))  # a budget of 10 GB
    a, b, c = spec_of("a", 4 * GB), spec_of("b", 4 * GB), spec_of("c", 4 * GB)
    load(pool, a)
    load(pool, b, role="")
    ask(pool, model=a).finished()  # b waits longer now
    plan = pool.plan(ModelSpec(path=c)).result(5)
    assert (plan.fits, plan.unload) == (True, (b,))
    until = Until(pool, WorkerUnloaded)
    load(pool, c, role="")
    assert until.wait().model == b
    assert ask(pool, model=b).finished().reason == "stop"  # and it comes back when asked for


def test_a_pinned_model_stays(make_pool: MakePool) -> None:
    pool = make(make_pool, Ram(40 * GB, 40 * GB))
    a, b = spec_of("a", 8 * GB), spec_of("b", 8 * GB)
    load(pool, a, pinned=True)
    load(pool, b, role="")  # over the budget, but it physically fits
    assert pool.plan(ModelSpec(path=spec_of("c", GB))).result(5).unload == (b,)


def test_a_busy_model_stays(make_pool: MakePool) -> None:
    pool = make(make_pool, Ram(40 * GB, 40 * GB))
    load(pool, spec_of("a", 8 * GB))
    running = ask(pool, "tokens=100000 every_ms=2")
    running.wait_for_tokens(1)
    plan = pool.plan(ModelSpec(path=spec_of("b", 8 * GB))).result(5)
    assert (plan.fits, plan.unload, plan.short) == (False, (), {RAM: 6 * GB})
    pool.cancel(running.id)
    running.finished()


def test_an_idle_model_is_unloaded_after_its_time_and_wakes_when_asked(
    make_pool: MakePool,
) -> None:
    pool = make(make_pool, Ram(16 * GB, 9 * GB), idle_s=0.3)
    until = Until(pool, WorkerUnloaded)
    load(pool, spec_of("a", GB))
    until.wait()
    assert ask(pool).finished().reason == "stop"


def test_a_pinned_model_outlasts_the_idle_time(make_pool: MakePool) -> None:
    pool = make(make_pool, Ram(16 * GB, 9 * GB), idle_s=0.3)
    until = Until(pool, WorkerUnloaded)
    load(pool, spec_of("pinned", GB), pinned=True)
    load(pool, spec_of("other", GB), role="")
    assert until.wait().model == spec_of("other", GB)
    assert names(pool)["pinned"] == "ready"


def test_low_memory_trims_caches_first_then_unloads_idle_models(make_pool: MakePool) -> None:
    ram = Ram(100 * GB, 50 * GB)
    pool = make(make_pool, ram, relief_s=0.3)
    load(pool, spec_of("a", GB))
    load(pool, spec_of("b", GB), role="")
    running = ask(pool, "tokens=100000 every_ms=2")
    running.wait_for_tokens(1)
    events: list[PoolEvent] = []
    pool.subscribe(events.append)
    until = Until(pool, WorkerUnloaded)
    ram.free = 2 * GB
    assert until.wait().model == spec_of("b", GB)
    pool.cancel(running.id)
    ram.free = 50 * GB
    running.finished()
    # The engine of `a` was told to trim before `b` had to go.
    assert ask(pool).finished().stats.notes == ("trim 0",)


def test_with_enough_memory_nothing_is_trimmed(make_pool: MakePool) -> None:
    """The control of the test above."""
    pool = make(make_pool, Ram(100 * GB, 50 * GB), relief_s=0.05)
    load(pool, spec_of("a", GB))
    Until.ticks(pool, 3)
    assert ask(pool).finished().stats.notes == ()


def test_the_state_shows_weights_cache_and_budget(make_pool: MakePool) -> None:
    pool = make(make_pool, Ram(40 * GB, 40 * GB))
    load(pool, f"need=1 weights={2 * GB} kv={GB}")
    Until.ticks(pool, 2)
    (worker,) = pool.state.workers
    assert (worker.weights_bytes, worker.kv_bytes) == (2 * GB, GB)
    assert worker.rss_bytes > 0
    (ram,) = pool.state.memory
    assert (ram.budget_bytes, ram.held_bytes) == (10 * GB, 3 * GB)


def test_whatever_has_changed_is_published_within_a_second(pool: Pool) -> None:
    published = Until(pool, PoolMeasured)
    for number in range(4):
        path = f"model={number}"
        load(pool, path)
        started = time.monotonic()
        ready: set[str] = set()
        while path not in ready:
            workers = published.wait().state.workers
            ready = {each.model for each in workers if each.phase == "ready"}
        assert time.monotonic() - started < 2.0


def test_a_model_is_idle_from_the_end_of_its_last_reply_on(make_pool: MakePool) -> None:
    pool = make(make_pool, Ram(16 * GB, 9 * GB), idle_s=1.0)
    unloaded = Until(pool, WorkerUnloaded)
    load(pool, spec_of("a", GB))
    ask(pool, "tokens=120 every_ms=10").finished()
    ended = time.monotonic()
    unloaded.wait()
    assert time.monotonic() - ended > 0.9


def test_a_cancelled_load_gives_back_the_memory_it_was_promised(make_pool: MakePool) -> None:
    pool = make(make_pool, Ram(40 * GB, 40 * GB))
    answer = Answer()
    spec = ModelSpec(path=spec_of("slow", 6 * GB) + " load_s=5")
    pool.cancel(pool.load(spec, sink=answer))
    assert answer.finished().reason == "cancelled"
    assert pool.plan(ModelSpec(path=spec_of("b", 8 * GB))).result(5).fits


def test_a_load_that_was_cancelled_while_it_waited_for_room_is_not_begun(
    make_pool: MakePool,
) -> None:
    pool = make(make_pool, Ram(40 * GB, 40 * GB))
    load(pool, spec_of("a", 8 * GB))
    seen: list[PoolEvent] = []
    pool.subscribe(seen.append)
    answer = Answer()
    pool.cancel(pool.load(ModelSpec(path=spec_of("b", 8 * GB)), sink=answer))
    assert answer.finished().reason == "cancelled"
    Until.ticks(pool, 8)
    assert not any(isinstance(event, WorkerLoading) for event in seen)


def test_a_model_of_which_only_a_part_could_be_loaded_goes_when_it_is_idle(
    make_pool: MakePool, tmp_path: Path
) -> None:
    pool = make(make_pool, Ram(40 * GB, 40 * GB), idle_s=0.3)
    answer = Answer()
    spec = ModelSpec(path=f"fail=full once={tmp_path / 'failed'}")
    unloaded = Until(pool, WorkerUnloaded)
    pool.load(spec, sink=answer, workers=2)
    unloaded.wait()
    Until.ticks(pool, 2)
    assert "ready" not in {each.phase for each in pool.state.workers}
