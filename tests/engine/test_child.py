"""A real engine process: what goes in, what comes out, how it ends."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from app.core.frames import encode
from app.core.ids import RequestId
from app.core.protocol import (
    PROTOCOL_VERSION,
    Adapter,
    Cancel,
    Count,
    Delta,
    Detokenize,
    Embed,
    Failed,
    Finished,
    Generate,
    GetStats,
    Heartbeat,
    Load,
    ModelSpec,
    Shutdown,
    Tokenize,
)
from app.core.sampling import Sampling
from app.engine.child import Io, _beat
from app.engine.loop import Loop
from tests.engine.rig import Nowhere
from tests.engine.worker import Worker, ask


def test_hello_says_who_answers(worker: Worker) -> None:
    assert worker.hello.protocol == PROTOCOL_VERSION
    assert worker.hello.pid == worker.process.pid
    assert worker.hello.versions["llama_cpp_python"]
    assert [device.kind for device in worker.hello.devices if device.kind == "cpu"] == ["cpu"]


def test_loaded_tells_about_the_model(worker: Worker, tiny_model: Path) -> None:
    info = worker.load(tiny_model, chat_ctx=2048, parallel=2).info
    assert (info.architecture, info.chat_ctx, info.cells) == ("llama", 2048, 2048 * 2 + 1024)
    assert info.file_bytes == tiny_model.stat().st_size
    assert info.special_tokens["eos"] == "<|im_end|>"


def test_a_reply_streams_and_ends_with_its_account(tiny: Worker) -> None:
    end = tiny.ask(ask("a", "Tell me something."))
    assert isinstance(end, Finished)
    deltas = [event for event in tiny.seen[RequestId("a")] if isinstance(event, Delta)]
    assert end.stats.completion_tokens == sum(delta.tokens for delta in deltas) > 0
    assert end.stats.first_token_ms > 0
    assert tiny.text("a")


def test_concurrent_replies_share_frames_and_equal_lone_ones(tiny: Worker) -> None:
    questions = {f"q{n}": f"What about the number {n}?" for n in range(4)}
    lone = {}
    for name, text in questions.items():
        tiny.ask(ask(f"lone-{name}", text))
        lone[name] = tiny.text(f"lone-{name}")
    tiny.frames.clear()
    tiny.send(*(ask(name, text) for name, text in questions.items()))
    for name in questions:
        tiny.wait(name)
    assert {name: tiny.text(name) for name in questions} == lone
    assert max(sum(isinstance(event, Delta) for event in frame) for frame in tiny.frames) > 1


def test_the_same_seed_says_the_same(tiny: Worker) -> None:
    sampling = Sampling(seed=7, temperature=1.5)
    tiny.ask(ask("a", "Go on", sampling=sampling))
    tiny.ask(ask("b", "Go on", sampling=sampling))
    assert tiny.text("a") == tiny.text("b")


def test_cancel_ends_a_reply_and_forgives_unknown_ids(tiny: Worker) -> None:
    tiny.send(Cancel(request_id=RequestId("nobody")))
    tiny.send(ask("a", "Never stop", max_tokens=1500, ignore_eos=True))
    while RequestId("a") not in tiny.seen:
        tiny.read()
    tiny.send(Cancel(request_id=RequestId("a")))
    end = tiny.wait("a")
    assert end.reason == "cancelled"
    assert end.stats.completion_tokens < 1500
    assert tiny.ask(ask("b", "Again")).reason in ("stop", "length")


def test_a_cancel_does_not_wait_behind_a_long_text(tiny: Worker) -> None:
    tiny.send(ask("a", "Never stop", max_tokens=1900, ignore_eos=True))
    while RequestId("a") not in tiny.seen:
        tiny.read()
    long = Tokenize(request_id=RequestId("long"), text="word " * 800_000)
    tiny.send(long, Cancel(request_id=RequestId("a")))
    assert tiny.wait("a").reason == "cancelled"
    assert RequestId("long") not in tiny.seen
    tiny.wait("long")


def test_what_waits_to_be_read_can_be_cancelled(tiny: Worker) -> None:
    long = Tokenize(request_id=RequestId("long"), text="word " * 400_000)
    waiting = ask("g", "Hello"), Embed(request_id=RequestId("e"), texts=("a town",))
    tiny.send(long, *waiting, *(Cancel(request_id=request.request_id) for request in waiting))
    for request in waiting:
        end = tiny.wait(request.request_id)
        assert isinstance(end, Finished)
        assert (end.reason, end.stats.prompt_tokens) == ("cancelled", 0)


def test_a_cancel_while_a_request_is_being_read_is_not_lost() -> None:
    """The loop does not know the request yet when it hears of the cancel."""
    handed_on: list[SimpleNamespace] = []

    def read(request: Generate) -> SimpleNamespace:
        io_thread._cancel(request.request_id)
        return SimpleNamespace(cancelled=False)

    loop = SimpleNamespace(
        desk=SimpleNamespace(job=read), cancel=lambda request_id: None, submit=handed_on.append
    )
    io_thread = Io(loop, Nowhere())  # type: ignore[arg-type]
    request = ask("g", "Hello")
    io_thread._waiting[request.request_id] = False
    io_thread._answer(request)
    assert [job.cancelled for job in handed_on] == [True]
    assert io_thread._waiting == {}


def test_text_and_tokens_round_trip(tiny: Worker) -> None:
    text = "Grüße, 天气 and <|im_end|> as plain text"
    tokens = tiny.ask(Tokenize(request_id=RequestId("t"), text=text)).tokens
    assert tiny.ask(Detokenize(request_id=RequestId("d"), tokens=tokens)).text == text


def test_count_equals_what_a_prompt_costs(tiny: Worker) -> None:
    request = ask("a", "How long is this?")
    counted = tiny.ask(Count(request_id=RequestId("c"), messages=request.messages, each=True))
    assert counted.total == tiny.ask(request).stats.prompt_tokens
    assert 0 < sum(counted.each) <= counted.total


def test_a_prompt_past_the_context_is_refused_with_its_size(tiny: Worker) -> None:
    failed = tiny.ask(ask("a", "word " * 5000))
    assert isinstance(failed, Failed)
    assert failed.error.kind == "context_limit_exceeded"
    assert failed.error.details["maximum"] == 2048


def test_a_command_with_invalid_utf8_fails_and_the_process_lives(tiny: Worker) -> None:
    good = encode(Tokenize(request_id=RequestId("t"), text="hello"))
    assert tiny.process.stdin
    tiny.process.stdin.write(good.replace(b"hello", b"he\xff\xfeo"))
    tiny.process.stdin.flush()
    assert tiny.wait("t").error.kind == "invalid_request"
    assert tiny.ask(Tokenize(request_id=RequestId("again"), text="hello")).tokens


def test_an_id_that_is_in_use_is_refused(tiny: Worker) -> None:
    tiny.send(ask("twice", "One", max_tokens=400, ignore_eos=True))
    refused = tiny.ask(ask("twice", "Two"))
    assert isinstance(refused, Failed)
    assert refused.error.kind == "invalid_request"
    tiny.send(Cancel(request_id=RequestId("twice")))
    tiny.seen.clear()
    assert tiny.wait("twice").reason == "cancelled"


def test_requests_before_a_model_fail_and_the_process_lives(worker: Worker) -> None:
    assert worker.ask(ask("a", "Anyone?")).error.kind == "invalid_request"
    spec = ModelSpec(path=os.devnull)
    assert worker.ask(Load(request_id=RequestId("l"), spec=spec)).error.kind == "model_load_failed"


def test_heartbeats_come_while_nothing_happens(worker: Worker) -> None:
    assert any(isinstance(event, Heartbeat) for event in worker.read())


def test_stats_count_cells(fresh_tiny: Worker) -> None:
    end = fresh_tiny.ask(ask("a", "Some words"))
    stats = fresh_tiny.ask(GetStats(request_id=RequestId("s"))).stats
    spent = end.stats.prompt_tokens + end.stats.completion_tokens
    assert spent - 1 <= stats.cells_used <= spent


def test_shutdown_ends_the_process_in_the_middle_of_a_reply(fresh_tiny: Worker) -> None:
    fresh_tiny.send(ask("a", "Never stop", max_tokens=1500, ignore_eos=True), Shutdown())
    assert fresh_tiny.process.wait(5) == 0


def test_texts_become_vectors(worker: Worker, built_model: Callable[[str], Path]) -> None:
    info = worker.load(built_model("embed"), embedding=True).info
    answer = worker.ask(Embed(request_id=RequestId("e"), texts=("a river", "a town")))
    assert [len(vector) for vector in answer.vectors] == [4 * info.embedding_length] * 2
    assert worker.ask(ask("a", "Hello")).error.kind == "invalid_request"


def test_replies_go_on_while_many_texts_become_vectors(fresh_tiny: Worker) -> None:
    texts = Embed(request_id=RequestId("e"), texts=("a river and a town",) * 2000)
    fresh_tiny.send(ask("a", "Never stop", max_tokens=1500, ignore_eos=True), texts)
    fresh_tiny.wait("e")
    said = sum(isinstance(event, Delta) for event in fresh_tiny.seen[RequestId("a")])
    assert said > 100  # one at least for each pass of sixteen texts


def test_texts_can_be_cancelled_and_the_urgent_ones_go_first(fresh_tiny: Worker) -> None:
    many = ("a river",) * 5000
    first = Embed(request_id=RequestId("first"), texts=many, priority="background")
    fresh_tiny.send(first, Embed(request_id=RequestId("second"), texts=("a town",)))
    assert len(fresh_tiny.wait("second").vectors) == 1
    assert RequestId("first") not in fresh_tiny.seen
    fresh_tiny.send(Cancel(request_id=RequestId("first")))
    end = fresh_tiny.wait("first")
    assert isinstance(end, Finished)
    assert end.reason == "cancelled"


def test_heartbeats_speak_for_both_threads() -> None:
    """Without one of them requests would wait for ever in a process that looks alive."""
    for ended in ("loop", "io"):
        outbox = Nowhere()
        loop, io_thread = Loop(outbox), Io(Loop(outbox), outbox)
        loop.start()
        io_thread.start()
        stop = {"loop": loop.stop, "io": io_thread.stop}
        assert stop.pop(ended)(5)
        _beat(loop, io_thread, outbox, threading.Event())
        assert outbox.events == []
        assert all(end(5) for end in stop.values())


def test_adapters_change_the_reply_and_never_share_what_is_computed(
    worker: Worker, tiny_model: Path, built_model: Callable[[str], Path]
) -> None:
    adapters = tuple(Adapter(path=str(built_model(kind))) for kind in ("lora-a", "lora-b"))
    worker.load(tiny_model, chat_ctx=1024, adapters=adapters)
    scales = {"none": (0.0, 0.0), "first": (1.0, 0.0), "second": (0.0, 1.0)}
    ends = {name: worker.ask(ask(name, "Hello", adapters=scales[name])) for name in scales}
    assert len({worker.text(name) for name in scales}) == 3
    assert [end.stats.reused_tokens for end in ends.values()] == [0, 0, 0]
    # All at once, in one engine: each keeps its own adapter.
    worker.send(*(ask(f"{name}-again", "Hello", adapters=scales[name]) for name in scales))
    for name in scales:
        assert worker.wait(f"{name}-again").stats.reused_tokens > 0
        assert worker.text(f"{name}-again") == worker.text(name)
    for wrong in ((1.0,), (float("nan"), 1.0)):
        assert worker.ask(ask("wrong", "Hello", adapters=wrong)).error.kind == "invalid_request"
        worker.seen.clear()
