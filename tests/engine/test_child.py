"""A real engine process: what goes in, what comes out, how it ends."""

import os
from collections.abc import Callable
from pathlib import Path

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
    GetStats,
    Heartbeat,
    Load,
    ModelSpec,
    Shutdown,
    Tokenize,
)
from app.core.sampling import Sampling
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
    wrong = worker.ask(ask("wrong", "Hello", adapters=(1.0,)))
    assert wrong.error.kind == "invalid_request"
