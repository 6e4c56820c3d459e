"""The decode thread's promises: Stop, failures and refusals end requests exactly once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.ids import RequestId
from app.core.protocol import Failed, Finished, ModelSpec
from app.engine.batch import Batch
from app.engine.llama.context import NO_ROOM, Context
from app.engine.llama.model import Model
from tests.engine.rig import NOISE, Reference, Rig, loaded

PROMPT = [300 + index % 50 for index in range(200)]


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Iterator[Model]:
    with loaded(tiny_model) as model:
        yield model


@pytest.fixture
def rig(model: Model) -> Iterator[Rig]:
    rig = Rig(model, ModelSpec(path=model.path, chat_ctx=512, parallel=2, threads=1))
    rig.loop.engine = rig.engine
    yield rig
    rig.close()


def during_step(rig: Rig, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Run one step; `act` happens while the context computes, as the io thread would."""
    decode = Context.decode

    def interrupted(self: Context, batch: Batch) -> int:
        act()
        return decode(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Context, "decode", interrupted)
        rig.step()


def test_stop_aborts_a_step_that_nobody_else_needs(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = rig.submit("a", PROMPT)
    during_step(rig, monkeypatch, lambda: rig.loop.cancel(job.id))
    assert job.cached == 0, "the step went on to its end"
    rig.finish()
    end = rig.ends[job.id]
    assert isinstance(end, Finished)
    assert end.reason == "cancelled"
    rig.assert_mirror_is_true()


def test_stop_lets_a_shared_step_end(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """An abort would leave the other request's tokens in the cache without their logits."""
    stays = rig.submit("stays", PROMPT, max_tokens=20)
    rig.step()
    goes = rig.submit("goes", [7, *PROMPT], max_tokens=20)
    rig.step()
    before = stays.generated
    during_step(rig, monkeypatch, lambda: rig.loop.cancel(goes.id))
    assert stays.generated == before + 1
    rig.finish()
    assert isinstance(rig.ends[stays.id], Finished)
    with_reference(rig, stays.id)


def test_the_context_is_usable_after_an_abort(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    job = rig.submit("a", PROMPT)
    during_step(rig, monkeypatch, lambda: rig.loop.cancel(job.id))
    again = rig.reply("b", PROMPT)
    with_reference(rig, again.id)


def test_no_room_in_the_library_costs_no_request(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sliding-window cache can be full although our cells are not: make room and go on."""
    rig.reply("idle", [9, *PROMPT])
    jobs = [rig.submit(name, [index, *PROMPT]) for index, name in enumerate("ab", 20)]
    rig.step()
    decode, refusals = Context.decode, iter([NO_ROOM, NO_ROOM])

    def refuse(self: Context, batch: Batch) -> int:
        return next(refusals, None) or decode(self, batch)

    monkeypatch.setattr(Context, "decode", refuse)
    rig.finish()
    assert all(isinstance(rig.ends[job.id], Finished) for job in jobs)
    for job in jobs:
        with_reference(rig, job.id)


def test_a_bug_in_a_step_fails_the_requests_and_not_the_process(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    job = rig.submit("a", PROMPT)
    expect_log("a request failed")

    def broken(self: Context, batch: Batch) -> int:
        raise ValueError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(Context, "decode", broken)
        with pytest.raises(ValueError, match="broken"):
            rig.step()
        rig.loop._fail_all(ValueError("broken"))
    failed = rig.outbox.events[-1]
    assert isinstance(failed, Failed)
    assert (failed.request_id, failed.error.kind) == (job.id, "bug")
    with_reference(rig, rig.reply("b", PROMPT).id)


def test_an_overdue_request_fails_with_its_kind(rig: Rig) -> None:
    job = rig.submit("a", PROMPT, deadline_ms=1)
    job.arrived -= 1
    rig.finish()
    failed = rig.ends[job.id]
    assert isinstance(failed, Failed)
    assert failed.error.kind == "generation_timeout"


def test_alone_in_a_full_cache_a_reply_ends_with_length(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = rig.submit("a", PROMPT, max_tokens=300)
    for _ in range(5):
        rig.step()
    monkeypatch.setattr(Context, "decode", lambda self, batch: NO_ROOM)
    rig.finish()
    end = rig.ends[job.id]
    assert isinstance(end, Finished)
    assert end.reason == "length"


def with_reference(rig: Rig, request_id: RequestId) -> None:
    reference = Reference(rig.model, 1024)
    worst = reference.worst(rig.jobs[request_id])
    reference.close()
    assert worst < NOISE
