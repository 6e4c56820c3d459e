"""The decode thread's promises: Stop, failures and refusals end requests exactly once."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.core.errors import BugError, ContextLimitExceeded, InvalidRequest
from app.core.frames import MAX_FRAME_BYTES
from app.core.ids import RequestId, SessionId
from app.core.messages import Message
from app.core.protocol import Embed, Failed, Finished, Generate, Load, ModelSpec, is_terminal
from app.engine.batch import Batch
from app.engine.desk import Desk
from app.engine.llama.context import NO_ROOM, Context
from app.engine.llama.embedding import EmbeddingContext
from app.engine.llama.model import Model
from app.engine.llama.vocab import Vocab
from app.engine.loop import Loop
from tests.engine.rig import NOISE, Nowhere, Reference, Rig, loaded

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


def test_a_failed_step_leaves_nothing_that_could_be_saved(
    model: Model, expect_log: Callable[[str], None]
) -> None:
    spec = ModelSpec(path=model.path, chat_ctx=512, parallel=2, threads=1, cache_ram_bytes=10**8)
    rig = Rig(model, spec)
    rig.loop.engine = rig.engine
    jobs = [rig.submit(name, [index, *PROMPT, *PROMPT]) for index, name in enumerate("ab", 20)]
    rig.step()
    rig.step()
    expect_log("a request failed")
    rig.loop._fail_all(ValueError("broken"))
    assert [event.request_id for event in rig.outbox.events if isinstance(event, Failed)] == [
        job.id for job in jobs
    ]
    assert rig.engine.cache.snapshots.tiers.ram_bytes == 0
    with_reference(rig, rig.reply("c", PROMPT).id)
    rig.assert_mirror_is_true()
    rig.close()


def test_texts_that_cannot_be_embedded_fail_alone(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    running = rig.submit("a", PROMPT)
    texts = Embed(request_id=RequestId("e"), texts=("a", "b"))
    expect_log("a request failed")

    def broken(self: EmbeddingContext, texts: object) -> None:
        raise BugError("the model gave no embedding")

    monkeypatch.setattr(EmbeddingContext, "vectors", broken)
    rig.loop._embeds.append(Desk(rig.engine).embed_job(texts))
    (failed,) = rig.loop._embed_next(rig.engine)
    assert rig.engine.embedding
    rig.engine.embedding.close()
    assert isinstance(failed, Failed)
    assert failed.request_id == "e"
    assert rig.loop._embed_next(rig.engine) == []
    rig.finish(running)
    assert isinstance(rig.ends[running.id], Finished)


def test_more_vectors_than_one_frame_holds_are_refused(rig: Rig) -> None:
    texts = ("a",) * (MAX_FRAME_BYTES // (4 * rig.model.embedding_length))
    with pytest.raises(InvalidRequest):
        Desk(rig.engine).embed_job(Embed(request_id=RequestId("e"), texts=texts))


def test_what_is_far_too_long_is_not_read_to_its_end(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading twenty megabytes took twelve seconds in which nobody could be stopped."""
    monkeypatch.setattr(Vocab, "_tokenize", lambda *given, **options: pytest.fail("it was read"))
    endless = "word " * 100_000
    said = (Message(role="user", content=endless),)
    for what in ({"prompt": endless}, {"messages": said}):
        with pytest.raises(ContextLimitExceeded) as refused:
            Desk(rig.engine).job(Generate(request_id=RequestId("r"), **what))  # type: ignore[arg-type]
        assert refused.value.maximum == 512


def test_a_purged_session_leaves_no_transcript(rig: Rig) -> None:
    rig.submit("running", PROMPT, session="gone")
    rig.step()
    rig.submit("queued", [5, *PROMPT], session="gone")
    rig.engine.purge(SessionId("gone"))
    rig.finish()
    assert len(rig.ends) == 2
    assert list(rig.engine.transcripts._said) == []
    assert rig.engine.cache.sequences.live == {}


def test_a_load_cancelled_after_its_last_report_is_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = Loop(outbox := Nowhere())
    closed: list[bool] = []
    command = Load(request_id=RequestId("l"), spec=ModelSpec(path="m"))

    def load(command: Load, report: object) -> tuple[object, object]:
        loop.cancel(command.request_id)
        return SimpleNamespace(close=lambda: closed.append(True)), None

    monkeypatch.setattr("app.engine.loop.load_engine", load)
    loop.load(command)
    loop._drain()
    (end,) = outbox.events
    assert isinstance(end, Finished)
    assert end.reason == "cancelled"
    assert closed == [True]
    assert loop.engine is None


def test_nothing_is_computed_after_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(Nowhere())
    engine = SimpleNamespace(scheduler=SimpleNamespace(has_work=True), close=lambda: None)
    loop.engine = engine  # type: ignore[assignment]
    steps: list[object] = []
    monkeypatch.setattr(Loop, "step", lambda self, engine: steps.append(engine) or [])
    loop._inbox.put(loop._stop)
    loop.start()
    assert loop.stop(5)
    assert steps == []


def test_requests_that_never_ran_do_not_push_out_what_was_said(rig: Rig) -> None:
    said = rig.reply("said", PROMPT)
    for index in range(100):
        rig.submit(f"r{index}", [index, *PROMPT]).cancelled = True
    rig.finish()
    assert tuple(said.tokens) in {tokens for tokens, _ in rig.engine.transcripts._said}


def test_a_request_that_has_ended_is_told_so_even_when_the_step_after_it_fails(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> int:
        raise RuntimeError

    late = rig.submit("late", PROMPT, deadline_ms=1)
    rig.submit("other", [7, *PROMPT])
    time.sleep(0.01)
    with monkeypatch.context() as patch:
        patch.setattr(Context, "decode", fault)
        with pytest.raises(RuntimeError):
            rig.loop.beat(rig.engine)
    assert isinstance(rig.outbox, Nowhere)
    assert [event.request_id for event in rig.outbox.events if is_terminal(event)] == [late.id]
