"""Side jobs of models that think, through the real engine: no thought is told or read anew."""

import queue
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app.bootstrap.rooms import open_rooms
from app.chat import titles
from app.chat.events import ChatEvent, ReplyFinished
from app.chat.titles import WISH
from app.core.generator import Sink
from app.core.protocol import Delta, Finished, Generate, Request, RequestEvent, Stats
from app.core.sampling import GREEDY
from app.storage import conversations
from app.storage.segments import Segment
from app.workers.pool import Pool
from scripts.model_factory import decoder

_TURNS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
)
_OFF = "enable_thinking is defined and not enable_thinking"
# Switched off, the reply opens with an empty thought: what stands before it stays as it was.
AT_THE_END = _TURNS + "{% if " + _OFF + " %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
# Switched off, the very first words change.
AT_THE_START = (
    "<|im_start|>system\n{% if " + _OFF + " %}/no_think{% else %}/think{% endif %}<|im_end|>\n"
) + (_TURNS + "{% endif %}")
SAID = "We walked to the garden by the river and counted lanterns on the old bridge. " * 15
INSTRUCTION = 220  # tokens: an instruction and what opens a reply


class Side(msgspec.Struct):
    """One request that nobody waits for, and what came of it."""

    request: Generate
    text: str = ""
    reasoning: str = ""
    stats: Stats = Stats()

    def watch(self, event: RequestEvent) -> None:
        match event:
            case Delta():
                self.text += event.text
                self.reasoning += event.reasoning
            case Finished():
                self.stats = event.stats
            case _:
                pass


@pytest.fixture
def side(monkeypatch: pytest.MonkeyPatch) -> list[Side]:
    seen: list[Side] = []
    submit = Pool.submit

    def watched(pool: Pool, request: Request, sink: Sink) -> None:
        if isinstance(request, Generate) and request.priority == "background":
            seen.append(job := Side(request))
            outer = sink

            def sink(event: RequestEvent) -> None:
                job.watch(event)
                outer(event)

        submit(pool, request, sink)

    monkeypatch.setattr(Pool, "submit", watched)
    return seen


Talk = Callable[[str], Segment]


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    """A chat with a model of this template, and its first segment."""
    monkeypatch.setenv("LLAMA_CHAT_N_CTX", "2048")

    def speak(template: str) -> Segment:
        model = tmp_path / "thinks.gguf"
        decoder.write_tiny(model, 1, template, thinks=True)
        events: queue.Queue[ChatEvent] = queue.Queue()
        with open_rooms(events.put, sampling=GREEDY, max_tokens=64) as rooms:
            rooms.load(model).result(60)
            conversation = rooms.turns.start(SAID).result(10)
            for _ in range(3):
                _finished(events)
                rooms.turns.send(conversation, SAID)
            _finished(events)
            segment = rooms.wind.start(conversation).result(60)
            assert segment is not None
            title = rooms.db.read(lambda tx: conversations.get(tx, conversation).title).result()
            assert "think" not in title
            return segment

    return speak


def _finished(events: "queue.Queue[ChatEvent]") -> None:
    while not isinstance(event := events.get(timeout=60), ReplyFinished):
        pass
    assert event.message.message.reasoning  # in the chat itself it thinks


def summary_of(side: list[Side]) -> Side:
    return next(job for job in side if job.request.messages[-1].text.startswith("Summarize"))


def titles_of(side: list[Side]) -> list[Side]:
    return [job for job in side if job.request.messages[-1].text == WISH]


@pytest.mark.parametrize(
    ("template", "thinks"), [(AT_THE_END, False), (AT_THE_START, True)], ids=["end", "start"]
)
def test_a_side_job_thinks_only_where_not_thinking_would_cost_the_prefix(
    template: str, thinks: bool, talk: Talk, side: list[Side]
) -> None:
    segment = talk(template)
    summary, title = summary_of(side), titles_of(side)[0]
    assert bool(summary.reasoning) == bool(title.reasoning) == thinks
    for job in (summary, title):
        assert job.stats.prompt_tokens - job.stats.reused_tokens < INSTRUCTION, job.stats
        assert "think>" not in job.text
    assert summary.stats.reused_tokens > 2 * INSTRUCTION
    assert segment.text == summary.text.strip()
    assert not thinks or summary.reasoning not in segment.text


def test_a_title_that_was_all_thought_is_asked_for_once_more(
    talk: Talk, side: list[Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(titles, "_MAX_TOKENS", 8)  # shorter than this model's thoughts
    talk(AT_THE_START)
    first, second = titles_of(side)
    assert first.reasoning
    assert not first.text.strip()
    assert second.text.strip()
