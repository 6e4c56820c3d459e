"""What a real engine process reuses between the requests of conversations."""

from pathlib import Path

from app.core.ids import RequestId, SessionId
from app.core.messages import Message
from app.core.protocol import Generate, GetStats, Purge, Stats, Tokenize
from app.core.sampling import GREEDY, Sampling
from tests.engine.worker import Worker

LONG = "Tell me all about rivers, hills, roads and towns, one after the other, please. " * 8


def say(name: str, *texts: str, session: str = "s", **more: object) -> Generate:
    """A conversation of alternating user and assistant messages."""
    roles = ("user", "assistant")
    values = {"sampling": GREEDY, "max_tokens": 24} | more
    return Generate(
        request_id=RequestId(name),
        session=SessionId(session),
        messages=tuple(
            Message(role=roles[index % 2], content=text)  # type: ignore[arg-type]
            for index, text in enumerate(texts)
        ),
        **values,  # type: ignore[arg-type]
    )


def stats(worker: Worker, request: Generate) -> Stats:
    return worker.ask(request).stats


def test_the_next_turn_computes_only_what_is_new(tiny: Worker) -> None:
    first = stats(tiny, say("a", LONG))
    assert first.reuse == "none"
    second = stats(tiny, say("b", LONG, tiny.text("a"), "And then?"))
    assert second.reuse == "own"
    assert second.reused_tokens >= first.prompt_tokens + first.completion_tokens - 1


def test_a_sampled_reply_is_found_again_by_its_text(tiny: Worker) -> None:
    hot = Sampling(temperature=3.0, top_k=0, top_p=1.0, min_p=0.0, seed=5)
    first = stats(tiny, say("a", "Go", sampling=hot, max_tokens=120))
    text = tiny.text("a")
    plain = tiny.ask(Tokenize(request_id=RequestId("t"), text=text)).tokens
    assert len(plain) != first.completion_tokens, "the reply must not tokenize to itself"
    second = stats(tiny, say("b", "Go", text, "And then?"))
    assert second.reused_tokens >= first.prompt_tokens + first.completion_tokens - 1


def test_another_chat_forks_what_it_shares(tiny: Worker) -> None:
    first = stats(tiny, say("a", LONG, session="a"))
    other = stats(tiny, say("b", LONG, "No.", "Why not?", session="b"))
    assert (other.reuse, other.reused_tokens) == ("fork", first.prompt_tokens)
    back = stats(tiny, say("c", LONG, tiny.text("a"), "More", session="a"))
    assert back.reused_tokens >= first.prompt_tokens + first.completion_tokens - 1


def test_side_jobs_never_touch_the_chat(tiny: Worker) -> None:
    first = stats(tiny, say("a", LONG))
    reply = tiny.text("a")
    side = stats(tiny, say("t", LONG, reply, "Write a title.", priority="background"))
    assert side.reuse == "fork"
    again = stats(tiny, say("b", LONG, reply, "And then?"))
    assert again.reuse == "own"
    assert again.reused_tokens >= first.prompt_tokens + first.completion_tokens - 1


def test_the_same_cold_prefix_is_computed_once(tiny: Worker) -> None:
    tiny.send(*(say(f"q{n}", LONG + f" Begin with {n}.", session=f"s{n}") for n in range(4)))
    ends = [tiny.wait(f"q{n}").stats for n in range(4)]
    assert sorted(end.reuse for end in ends) == ["fork"] * 3 + ["none"]
    assert all(end.reused_tokens > 100 for end in ends if end.reuse == "fork")


def test_priming_makes_the_next_request_cheap(tiny: Worker) -> None:
    primed = stats(tiny, say("p", LONG, max_tokens=0, priority="background"))
    assert primed.completion_tokens == 0
    first = stats(tiny, say("a", LONG))
    assert first.reused_tokens == first.prompt_tokens - 1


def test_a_restart_goes_on_where_it_was(tiny_model: Path, tmp_path: Path) -> None:
    hot = Sampling(temperature=3.0, top_k=0, top_p=1.0, min_p=0.0, seed=5)
    cache = {
        "chat_ctx": 1024,
        "cache_ram_bytes": 10**8,
        "cache_disk_bytes": 10**8,
        "cache_dir": str(tmp_path),
    }
    worker = Worker()
    worker.load(tiny_model, **cache)
    first = stats(worker, say("a", LONG, sampling=hot, max_tokens=60))
    reply = worker.text("a")
    tokens = first.prompt_tokens + first.completion_tokens
    while (
        worker.ask(GetStats(request_id=RequestId("s"))).stats.snapshots_disk_bytes < 1000 * tokens
    ):
        worker.seen.clear()
        worker.read()  # a heartbeat: the chat is saved once nothing else is to do
    assert worker.end() == 0
    worker = Worker()
    worker.load(tiny_model, **cache)
    second = stats(worker, say("b", LONG, reply, "And then?"))
    assert worker.end() == 0
    assert second.reuse == "disk"
    assert second.reused_tokens >= tokens - 1


def test_purged_sessions_are_forgotten(tiny: Worker) -> None:
    stats(tiny, say("a", LONG, session="gone"))
    tiny.send(Purge(session=SessionId("gone")))
    assert stats(tiny, say("b", LONG, session="gone")).reused_tokens == 0
