"""What a real engine process reuses between the requests of conversations."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app.core.ids import RequestId, SessionId
from app.core.messages import Message
from app.core.protocol import Generate, Heartbeat, Purge, Shutdown, Stats, Tokenize
from app.core.sampling import GREEDY, Sampling
from tests.engine.worker import Worker

LONG = "Tell me all about rivers, hills, roads and towns, one after the other, please. " * 8


SHORT_END = 16  # tokens


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


def test_the_next_turn_computes_only_what_is_new(fresh_tiny: Worker) -> None:
    first = stats(fresh_tiny, say("a", LONG))
    assert first.reuse == "none"
    second = stats(fresh_tiny, say("b", LONG, fresh_tiny.text("a"), "And then?"))
    assert second.reuse == "own"
    assert second.reused_tokens >= first.prompt_tokens + first.completion_tokens - 1


def test_a_sampled_reply_is_found_again_by_its_text(fresh_tiny: Worker) -> None:
    hot = Sampling(temperature=3.0, top_k=0, top_p=1.0, min_p=0.0, seed=5)
    first = stats(fresh_tiny, say("a", "Go", sampling=hot, max_tokens=120))
    text = fresh_tiny.text("a")
    plain = fresh_tiny.ask(Tokenize(request_id=RequestId("t"), text=text)).tokens
    assert len(plain) != first.completion_tokens, "the reply must not tokenize to itself"
    second = stats(fresh_tiny, say("b", "Go", text, "And then?"))
    assert second.reused_tokens >= first.prompt_tokens + first.completion_tokens - 1


def test_another_chat_forks_what_it_shares(fresh_tiny: Worker) -> None:
    first = stats(fresh_tiny, say("a", LONG, session="a"))
    other = stats(fresh_tiny, say("b", LONG, "No.", "Why not?", session="b"))
    assert (other.reuse, other.reused_tokens) == ("fork", first.prompt_tokens)
    back = stats(fresh_tiny, say("c", LONG, fresh_tiny.text("a"), "More", session="a"))
    assert back.reused_tokens >= first.prompt_tokens + first.completion_tokens - 1


def test_side_jobs_never_touch_the_chat(fresh_tiny: Worker) -> None:
    first = stats(fresh_tiny, say("a", LONG))
    reply = fresh_tiny.text("a")
    side = stats(fresh_tiny, say("t", LONG, reply, "Write a title.", priority="background"))
    assert side.reuse == "fork"
    again = stats(fresh_tiny, say("b", LONG, reply, "And then?"))
    assert again.reuse == "own"
    assert again.reused_tokens >= first.prompt_tokens + first.completion_tokens - 1


def test_the_same_cold_prefix_is_computed_once(fresh_tiny: Worker) -> None:
    fresh_tiny.send(*(say(f"q{n}", LONG + f" Begin with {n}.", session=f"s{n}") for n in range(4)))
    ends = [fresh_tiny.wait(f"q{n}").stats for n in range(4)]
    assert sorted(end.reuse for end in ends) == ["fork"] * 3 + ["none"]
    assert all(end.reused_tokens > 100 for end in ends if end.reuse == "fork")


@pytest.mark.parametrize("kind", ["tiny", "swa", "recurrent", "hybrid"])
@pytest.mark.parametrize("asked", [(), ("And then?", "Who knows.")])
def test_priming_makes_the_next_request_cheap(
    kind: str, asked: tuple[str, ...], worker: Worker, built_model: Callable[[str], Path]
) -> None:
    """Whether the reply to what was primed is asked for, or something more is said first."""
    worker.load(built_model(kind), chat_ctx=2048)
    primed = stats(worker, say("p", LONG, max_tokens=0, priority="background"))
    assert primed.completion_tokens == 0
    first = stats(worker, say("a", LONG, *asked))
    assert first.reused_tokens == primed.prompt_tokens > 100


def test_a_prompt_of_tokens_is_primed_too(
    worker: Worker, built_model: Callable[[str], Path]
) -> None:
    worker.load(built_model("recurrent"), chat_ctx=2048)
    tokens = tuple(range(200, 300))
    request = Generate(request_id=RequestId("p"), tokens=tokens, max_tokens=0)
    worker.ask(request)
    again = msgspec.structs.replace(request, request_id=RequestId("a"), max_tokens=4)
    assert stats(worker, again).reused_tokens == len(tokens) - 1


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
    # The last token was never decoded, and a short end is not worth keeping.
    kept = first.prompt_tokens + first.completion_tokens - 1 - SHORT_END
    # Nothing is asked meanwhile: the chat is saved because nothing else is to do.
    while not any(
        isinstance(event, Heartbeat) and event.stats.snapshots_disk_bytes >= 1000 * kept
        for event in worker.read()
    ):
        pass
    assert worker.end() == 0
    worker = Worker()
    worker.load(tiny_model, **cache)
    second = stats(worker, say("b", LONG, reply, "And then?"))
    assert worker.end() == 0
    assert second.reuse == "disk"
    assert second.reused_tokens >= kept


def test_what_is_purged_just_before_the_end_is_gone(tiny_model: Path, tmp_path: Path) -> None:
    worker = Worker()
    cache = {"cache_ram_bytes": 10**8, "cache_disk_bytes": 10**8, "cache_dir": str(tmp_path)}
    worker.load(tiny_model, chat_ctx=1024, **cache)
    worker.ask(say("a", LONG, session="gone"))
    while not list(tmp_path.glob("*/*.kv")):
        worker.read()
    before = Tokenize(request_id=RequestId("t"), text="word " * 20_000)
    worker.send(before, Purge(session=SessionId("gone")), Shutdown())
    assert worker.end() == 0
    assert list(tmp_path.glob("*/*.kv")) == []


def test_purged_sessions_are_forgotten(fresh_tiny: Worker) -> None:
    stats(fresh_tiny, say("a", LONG, session="gone"))
    fresh_tiny.send(Purge(session=SessionId("gone")))
    assert stats(fresh_tiny, say("b", LONG, session="gone")).reused_tokens == 0
