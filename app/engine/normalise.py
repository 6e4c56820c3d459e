"""Brings messages into the shape a template accepts, and says what it had to change.

Pure; on the io thread. Always true: nothing said is lost without a note; with a template that
knows tools, system messages and free order, the messages pass unchanged.
"""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, cast

from app.core.messages import ImagePart, Message, Tool, ToolCall
from app.engine.traits import Traits

SYSTEM_FOLDED = "The model has no system role: the system prompt was put into a user message."
LATE_SYSTEM_FOLDED = "A later system message was put into a user message."
MERGED = "The model wants user and assistant to take turns: neighbouring messages were joined."
OPENED = "The model wants the user to begin: an empty user message was put first."
EMULATED = "The model's template ignores tools: they were described in the system prompt."
NO_IMAGES = "Pictures were left out: this model reads text only."

_TOOLS_INTRO = """\
You can call these functions. Each line is one function with its JSON schema:
{tools}

To call a function, answer with nothing but this, once for each call:
<tool_call>
{{"name": "function name", "arguments": {{"argument": "value"}}}}
</tool_call>
The results come back in the next message. If no function helps, answer normally."""


class Shaped:
    """Messages on their way to a template, with the notes about what was changed."""

    def __init__(self, messages: Sequence[Message], hide: Callable[[str], str]) -> None:
        self._hide = hide
        self.messages = [_hidden(message, hide) for message in messages]
        self.notes: list[str] = []
        if any(isinstance(part, ImagePart) for message in messages for part in message.content):
            self.note(NO_IMAGES)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def fit(self, traits: Traits, tools: Sequence[Tool]) -> None:
        used = any(message.tool_calls or message.role == "tool" for message in self.messages)
        if not traits.report.tools and (tools or used):
            self._emulate(tools)
        self._place_systems(traits)
        if traits.report.strict_alternation:
            self._alternate()

    # ------------------------------------------------------------ tools in words

    def _emulate(self, tools: Sequence[Tool]) -> None:
        self.note(EMULATED)
        names = {call.id: call.name for message in self.messages for call in message.tool_calls}
        self.messages = [_in_words(message, names) for message in self.messages]
        if tools:
            values = [tool_value(tool, self._hide)["function"] for tool in tools]
            lines = "\n".join(json.dumps(value, ensure_ascii=False) for value in values)
            intro = _TOOLS_INTRO.format(tools=lines)
            if self.messages and self.messages[0].role == "system":
                first = self.messages[0]
                self.messages[0] = _said("system", f"{first.text}\n\n{intro}")
            else:
                self.messages.insert(0, _said("system", intro))

    # ------------------------------------------------------------ system messages

    def _place_systems(self, traits: Traits) -> None:
        kept: list[Message] = []
        waiting = ""  # system text that goes into the next user message
        for index, message in enumerate(self.messages):
            if message.role == "system" and not self._accepts(traits, index):
                waiting = f"{waiting}{message.text}\n\n" if message.text else waiting
            elif waiting and message.role == "user":
                kept.append(_said("user", waiting + message.text))
                waiting = ""
            else:
                kept.append(message)
        if waiting:
            kept.append(_said("user", waiting.rstrip("\n")))
        self.messages = kept

    def _accepts(self, traits: Traits, index: int) -> bool:
        if index == 0:
            accepted = traits.report.system_role
        else:
            accepted = traits.report.system_role and traits.several_systems
        if not accepted:
            self.note(LATE_SYSTEM_FOLDED if index else SYSTEM_FOLDED)
        return accepted

    # ------------------------------------------------------------ taking turns

    def _alternate(self) -> None:
        turns: list[Message] = []
        for message in self.messages:
            # Results and the calls they answer follow rules of their own.
            last = turns[-1] if turns else None
            if last is not None and _joinable(last, message):
                self.note(MERGED)
                turns[-1] = _said(message.role, f"{last.text}\n\n{message.text}", last, message)
            else:
                turns.append(message)
        first = next((i for i, turn in enumerate(turns) if turn.role != "system"), None)
        if first is not None and turns[first].role == "assistant":
            self.note(OPENED)
            turns.insert(first, _said("user", ""))
        self.messages = turns


def _joinable(last: Message, message: Message) -> bool:
    if last.role != message.role or message.role not in ("user", "assistant"):
        return False
    return not last.tool_calls and not message.tool_calls


def _said(role: Any, text: str, *sources: Message) -> Message:
    reasoning = "\n\n".join(source.reasoning for source in sources if source.reasoning)
    return Message(role=role, content=text, reasoning=reasoning)


def _hidden(message: Message, hide: Callable[[str], str]) -> Message:
    calls = tuple(
        ToolCall(hide(call.id), hide(call.name), hide(call.arguments))
        for call in message.tool_calls
    )
    return Message(
        role=message.role,
        content=hide(message.text),
        reasoning=hide(message.reasoning),
        tool_calls=calls,
        tool_call_id=hide(message.tool_call_id),
    )


def _in_words(message: Message, names: dict[str, str]) -> Message:
    """A call as the text the model was asked to write, a result as a user message."""
    if message.role == "tool":
        name = names.get(message.tool_call_id, "")
        title = f"Result of {name}:" if name else "Result:"
        return _said("user", f"{title}\n{message.text}")
    if not message.tool_calls:
        return message
    calls = "\n".join(map(_call_in_words, message.tool_calls))
    return _said("assistant", f"{message.text}\n{calls}" if message.text else calls, message)


def _call_in_words(call: ToolCall) -> str:
    body = f'{{"name": {json.dumps(call.name)}, "arguments": {call.arguments}}}'
    return f"<tool_call>\n{body}\n</tool_call>"


# ---------------------------------------------------------------- values for the template


def tool_value(tool: Tool, hide: Callable[[str], str] = str) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": _hidden_in(function, hide)}


def message_values(
    messages: Sequence[Message], traits: Traits, *, thinking_key: bool = False
) -> list[dict[str, Any]]:
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    return [_value(message, traits, names, thinking_key) for message in messages]


def _value(
    message: Message, traits: Traits, names: dict[str, str], thinking_key: bool
) -> dict[str, Any]:
    content: Any = message.text
    if traits.list_content:
        content = [{"type": "text", "text": content}]
    value: dict[str, Any] = {"role": message.role, "content": content}
    if message.reasoning:
        value["reasoning_content"] = message.reasoning
        if thinking_key:
            value["thinking"] = message.reasoning
    if message.tool_calls:
        value["tool_calls"] = [_call_value(call, traits) for call in message.tool_calls]
    if message.role == "tool":
        value["tool_call_id"] = _id(message.tool_call_id, traits)
        value["name"] = names.get(message.tool_call_id, "")
    return value


def _call_value(call: ToolCall, traits: Traits) -> dict[str, Any]:
    arguments: Any = call.arguments
    if not traits.arguments_as_text:
        try:
            arguments = json.loads(call.arguments)
        except (ValueError, RecursionError):
            arguments = {"arguments": call.arguments}  # malformed once; said again as it was
    function = {"name": call.name, "arguments": arguments}
    return {"type": "function", "id": _id(call.id, traits), "function": function}


def _id(call_id: str, traits: Traits) -> str:
    return sha256(call_id.encode()).hexdigest()[:9] if traits.short_ids else call_id


def _hidden_in(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        fields = cast(dict[object, Any], value)
        return {hide(str(key)): _hidden_in(item, hide) for key, item in fields.items()}
    if isinstance(value, list | tuple):
        return [_hidden_in(item, hide) for item in cast(Sequence[Any], value)]
    return value
