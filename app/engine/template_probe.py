"""Test-renders a chat template in a process of its own and reports what it can do.

`traits_of` starts that process from the io thread; `main` runs in it. Always true: a template no
worker has seen before is first compiled and rendered there, under a memory limit and a watchdog
that ends the process even while one C call holds the interpreter; only a template that came
through is used in the worker.
"""

import faulthandler
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from app.core.messages import Message, Tool, ToolCall
from app.core.protocol import TemplateReport
from app.engine.normalise import message_values, tool_value
from app.engine.reasoning import PAIRS
from app.engine.sandbox import TemplateFailed, compile_template, run_template
from app.engine.traits import Traits

ARGUMENT = "probe-template"
_WATCHDOG_S = 4.0
_RENDER_S = 1.0
_PATIENCE_S = 12.0  # with the start of the interpreter on a busy machine
_MEMORY_BYTES = 1 << 30

_CITY, _RESULT = "Winterthur", "drizzle-7"
_TOOL = Tool(
    name="weather_probe",
    description="Tells the weather.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)


class Source(msgspec.Struct, frozen=True):
    template: str
    bos: str
    eos: str


class Answer(msgspec.Struct, frozen=True):
    traits: Traits | None = None
    reason: str = ""


# ---------------------------------------------------------------- the worker's side


def traits_of(source: Source, *, patience_s: float = _PATIENCE_S) -> Answer:
    command = [sys.executable, ARGUMENT]
    environment = dict(os.environ)
    if not getattr(sys, "frozen", False):
        command = [sys.executable, "-m", "app", ARGUMENT]
        root = str(Path(__file__).resolve().parents[2])
        path = [root, environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    try:
        run = subprocess.run(
            command,
            input=msgspec.json.encode(source),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=patience_s,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        return msgspec.json.decode(run.stdout, type=Answer)
    except (subprocess.TimeoutExpired, msgspec.DecodeError):
        return Answer(reason="the chat template needs too much time or memory")
    except OSError as error:
        return Answer(reason=f"the chat template could not be tried ({error.strerror})")


# ---------------------------------------------------------------- the process


def main() -> int:
    faulthandler.dump_traceback_later(_WATCHDOG_S, exit=True)
    _limit_memory()
    source = msgspec.json.decode(sys.stdin.buffer.read(), type=Source)
    try:
        answer = Answer(traits=probe(source))
    except TemplateFailed as failed:
        answer = Answer(reason=str(failed))
    except MemoryError:
        answer = Answer(reason="the chat template needs too much memory")
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    sys.stdout.buffer.flush()
    return 0


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def probe(source: Source) -> Traits:
    """Raises TemplateFailed when not even a plain question can be rendered."""
    return _Probe(source).traits()


class _Probe:
    def __init__(self, source: Source) -> None:
        self._sandbox, self._template = compile_template(source.template)
        self._ends = {"bos_token": source.bos, "eos_token": source.eos}
        self._thinking_key = wants_thinking_key(source.template)
        self._traits = Traits()

    def traits(self) -> Traits:
        self._content()
        calls = self._calls()
        off, on = (
            self._render([_user("Q1")], **switch(False)),
            self._render([_user("Q1")], **switch(True)),
        )
        default = self._render([_user("Q1")])
        report = TemplateReport(
            system_role=self._shows([_system("S1"), _user("Q1")], "S1", "Q1"),
            strict_alternation=not self._shows([_user("Q1"), _user("Q2")], "Q1", "Q2"),
            tools=calls is not None and self._shows_tools(),
            keeps_reasoning=self._shows([_user("Q1"), _thought("R1"), _user("Q2")], "R1"),
            stable_prefix=self._stable(default),
            reasoning_switch=off != on,
            reasoning_off_keeps_prefix=self._off_keeps_prefix(),
        )
        several = [_system("S1"), _user("Q1"), _answer("A1"), _system("S2"), _user("Q2")]
        return msgspec.structs.replace(
            calls or self._traits,
            report=report,
            list_content=self._traits.list_content,
            several_systems=self._shows(several, "S1", "S2", "Q2"),
        )

    def _content(self) -> None:
        for as_list in (False, True):
            self._traits = Traits(list_content=as_list)
            if self._shows([_user("Q1")], "Q1"):
                return
        self._traits = Traits()
        rendered = self._template_text([_user("Q1")])  # once more, for its own reason
        raise TemplateFailed(f"the chat template drops the message ({len(rendered)} characters)")

    def _calls(self) -> Traits | None:
        """The form in which the template takes calls and results; None: it does not."""
        for as_text in (False, True):
            for short in (False, True):
                traits = msgspec.structs.replace(
                    self._traits, arguments_as_text=as_text, short_ids=short
                )
                if self._calls_shown(traits):
                    return traits
        return None

    def _calls_shown(self, traits: Traits) -> bool:
        call = ToolCall("call_1", _TOOL.name, json.dumps({"city": _CITY}))
        messages = [
            _user("Q1"),
            Message(role="assistant", tool_calls=(call,)),
            Message(role="tool", content=_RESULT, tool_call_id=call.id),
        ]
        text = self._render(messages, traits, tools=[tool_value(_TOOL)])
        spoiled = '\\"city' in text or "'city'" in text  # JSON in JSON, or a Python value
        return _TOOL.name in text and _CITY in text and _RESULT in text and not spoiled

    def _shows_tools(self) -> bool:
        with_tools = self._render([_user("Q1")], tools=[tool_value(_TOOL)])
        return _TOOL.name in with_tools and "Q1" in with_tools

    def _stable(self, first: str) -> bool:
        """Whether what is in the cache after one turn is how the next turn begins."""
        later = self._render([_user("Q1"), _answer("A1"), _user("Q2")])
        if not first or not later.startswith(first):
            return False
        return later[len(first) :].lstrip().startswith("A1")

    def _off_keeps_prefix(self) -> bool:
        """A switch may say so in the system block, or drop what was thought before."""
        messages = [_user("Q1"), _thought("R1"), _user("Q2")]
        if self._shows([_system("S1"), *messages], "S1", "Q2"):
            messages.insert(0, _system("S1"))
        plain = self._render(messages, add_generation_prompt=False)
        return self._render(messages, **switch(False)).startswith(plain)

    def _shows(self, messages: Sequence[Message], *needles: str) -> bool:
        text = self._render(messages)
        return all(needle in text for needle in needles)

    def _render(
        self, messages: Sequence[Message], traits: Traits | None = None, **values: Any
    ) -> str:
        """Empty when the template refuses."""
        try:
            return self._template_text(messages, traits, **values)
        except TemplateFailed:
            return ""

    def _template_text(
        self, messages: Sequence[Message], traits: Traits | None = None, **values: Any
    ) -> str:
        said = message_values(messages, traits or self._traits, thinking_key=self._thinking_key)
        known = {"messages": said, "add_generation_prompt": True, **self._ends, **values}
        return run_template(self._sandbox, self._template, known, _RENDER_S)


def _user(text: str) -> Message:
    return Message(role="user", content=text)


def _system(text: str) -> Message:
    return Message(role="system", content=text)


def _answer(text: str) -> Message:
    return Message(role="assistant", content=text)


def _thought(text: str) -> Message:
    return Message(role="assistant", content="A1", reasoning=text)


# ---------------------------------------------------------------- shared with the real renders


def switch(reasoning: bool | None) -> dict[str, Any]:
    """The names under which templates ask whether the model may think."""
    if reasoning is None:
        return {}
    return {"enable_thinking": reasoning, "thinking": reasoning}


def opened_at_end(text: str) -> str:
    end = text.rstrip()
    return next((tag for tag in PAIRS if end.endswith(tag)), "")


def wants_thinking_key(template: str) -> bool:
    return "thinking" in template and "reasoning_content" not in template
