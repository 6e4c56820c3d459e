"""Text features through a real engine process: bound replies, thinking, tools, templates."""

import json
from collections.abc import Callable
from pathlib import Path

from app.core.ids import RequestId
from app.core.messages import Message, Tool
from app.core.protocol import Delta, Failed, Finished, Generate
from app.core.sampling import Sampling
from app.engine import normalise
from tests.engine.worker import Worker, ask

SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "mood": {"enum": ["good", "bad"]}},
    "required": ["ok", "mood"],
}
LOOK = Tool(
    name="look",
    description="Looks.",
    parameters={"properties": {"x": {"type": "boolean"}}, "required": ["x"]},
)


def test_a_reply_is_bound_to_a_schema_or_a_call(tiny: Worker) -> None:
    for seed in range(3):
        name = f"s{seed}"
        noise = Sampling(temperature=2.0, top_k=0, top_p=1.0, min_p=0.0, seed=seed)
        request = ask(
            name, "Hi", response_schema=json.dumps(SCHEMA), sampling=noise, max_tokens=200
        )
        done = tiny.ask(request)
        assert isinstance(done, Finished), done
        if done.reason == "stop":
            value = json.loads(tiny.text(name))
            assert isinstance(value["ok"], bool)
            assert value["mood"] in ("good", "bad")
        else:
            assert done.reason == "length"
            assert tiny.text(name).startswith("{")
    done = tiny.ask(ask("call", "Hi", tools=(LOOK,), tool_choice="look", max_tokens=200))
    assert isinstance(done, Finished), done
    assert done.reason == "tool_calls"
    assert [call.name for call in done.tool_calls] == ["look"]
    assert isinstance(json.loads(done.tool_calls[0].arguments)["x"], bool)
    assert tiny.text("call") == ""


def test_a_finished_schema_ends_a_reply_that_may_not_end(tiny: Worker) -> None:
    done = tiny.ask(ask("r", "Hi", response_schema='{"const": "yes"}', ignore_eos=True))
    assert isinstance(done, Finished)
    assert done.reason == "stop"
    assert tiny.text("r") == '"yes"'


def test_hostile_schemas_fail_and_the_process_lives(tiny: Worker) -> None:
    for number, schema in enumerate(['{"$ref": "#"}', "[", '{"type": "string", "maxLength": 1e9}']):
        failed = tiny.ask(ask(f"h{number}", "Hi", response_schema=schema))
        assert isinstance(failed, Failed)
        assert failed.error.kind == "invalid_request"
    assert isinstance(tiny.ask(ask("after", "Hi")), Finished)


def test_more_stop_strings_than_can_be_looked_for_are_refused(tiny: Worker) -> None:
    failed = tiny.ask(ask("stops", "Hi", stop=tuple(map(str, range(1000)))))
    assert failed.error.kind == "invalid_request"
    assert isinstance(tiny.ask(ask("few", "Hi", stop=("", "x" * 100_000))), Finished)


def test_stop_strings_and_continuing_a_reply(tiny: Worker) -> None:
    tiny.ask(ask("whole", "Tell me.", max_tokens=40))
    text = tiny.text("whole")
    middle = len(text) // 2
    stop = text[middle : middle + 3]
    done = tiny.ask(ask("stopped", "Tell me.", max_tokens=40, stop=(stop,)))
    assert done.reason == "stop"
    assert tiny.text("stopped") == text[: text.index(stop)]
    said = (
        Message(role="user", content="Tell me."),
        Message(role="assistant", content=tiny.text("stopped")),
    )
    more = ask("more", "").__class__(
        request_id=RequestId("more"), messages=said, continue_last=True, max_tokens=8
    )
    assert isinstance(tiny.ask(more), Finished)


def test_thinking_is_told_apart(worker: Worker, built_model: Callable[[str], Path]) -> None:
    worker.load(built_model("tiny-think"), chat_ctx=1024)
    worker.ask(ask("think", "Hi", max_tokens=200))
    seen = [event for event in worker.seen[RequestId("think")] if isinstance(event, Delta)]
    assert "".join(event.reasoning for event in seen)
    assert "<think>" not in worker.text("think")


def test_what_was_changed_for_the_template_is_told(
    worker: Worker, built_model: Callable[[str], Path]
) -> None:
    loaded = worker.load(built_model("tiny-strict"), chat_ctx=1024)
    assert not loaded.info.template.system_role
    assert loaded.info.template.strict_alternation
    said = (Message(role="system", content="Be brief."), Message(role="user", content="Hi"))
    request = Generate(request_id=RequestId("r"), messages=said, max_tokens=4)
    assert worker.ask(request).stats.notes == (normalise.SYSTEM_FOLDED,)


def test_a_model_without_a_template_gets_the_built_in_one(
    worker: Worker, built_model: Callable[[str], Path]
) -> None:
    loaded = worker.load(built_model("tiny-bare"), chat_ctx=1024)
    assert loaded.info.template.source == "fallback"
    assert "no chat template" in loaded.info.template.reason
    assert isinstance(worker.ask(ask("r", "Hi")), Finished)
