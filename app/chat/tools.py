"""Tools on the host: what a model may ask for, and what it gets back.

Any thread. A call never raises: what goes wrong is told to the model as its result. Nothing is
offered that was not switched on, and nothing runs unasked that was not trusted.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from app.chat.calculator import calculate
from app.core.errors import KnownError
from app.core.messages import Message, Tool, ToolCall, clean_text
from app.core.settings import ToolSettings

MAX_ROUNDS = 5
_LONGEST_RESULT = 20_000  # characters
DECLINED = "The user declined this call."
_log = logging.getLogger(__name__)


class HostTool(msgspec.Struct, frozen=True):
    tool: Tool
    run: Callable[[Mapping[str, Any]], str]


class Toolbox:
    def __init__(
        self, tools: Iterable[HostTool], settings: Callable[[], ToolSettings] = ToolSettings
    ) -> None:
        self._tools = {each.tool.name: each for each in tools}
        self._settings = settings

    def known(self) -> tuple[Tool, ...]:
        return tuple(each.tool for each in self._tools.values())

    def offered(self, messages: Sequence[Message]) -> tuple[Tool, ...]:
        """What the next reply may call; nothing after too many rounds: then words must do."""
        if rounds(messages) >= MAX_ROUNDS:
            return ()
        enabled = self._enabled()
        return tuple(tool for tool in self.known() if tool.name in enabled)

    def trusts(self, calls: Sequence[ToolCall]) -> bool:
        """Whether all of these may run without asking."""
        trusted = self._enabled() & {*self._settings().trusted}
        return all(call.name in trusted for call in calls)

    def results(self, calls: Sequence[ToolCall], *, allowed: bool) -> tuple[Message, ...]:
        return tuple(result_of(call, self._run(call) if allowed else DECLINED) for call in calls)

    def _run(self, call: ToolCall) -> str:
        tool = self._tools.get(call.name)
        if tool is None or call.name not in self._enabled():
            return f"There is no tool {call.name}."
        try:
            arguments = msgspec.json.decode(call.arguments or "{}", type=dict[str, Any])
            return clean_text(tool.run(arguments))[:_LONGEST_RESULT]
        except msgspec.DecodeError as error:
            return f"The arguments are not as the tool wants them: {error}."
        except KnownError as error:
            return error.message
        except Exception as error:  # noqa: BLE001  (a tool's fault must not end the chat)
            _log.info("the tool %s failed", call.name, exc_info=True)
            return f"The tool failed ({type(error).__name__})."

    def _enabled(self) -> set[str]:
        return {*self._settings().enabled}


def result_of(call: ToolCall, text: str) -> Message:
    return Message(role="tool", content=text, tool_call_id=call.id)


def rounds(messages: Sequence[Message]) -> int:
    """How often tools have been called since the last question."""
    count = 0
    for message in reversed(messages):
        if message.role == "user":
            break
        count += bool(message.tool_calls)
    return count


def built_in() -> tuple[HostTool, ...]:
    return (
        HostTool(
            Tool(
                name="calculator",
                description="Calculates an arithmetic expression exactly, such as (3+4)*2^10.",
                parameters={
                    "type": "object",
                    "properties": {"expression": {"type": "string"}},
                    "required": ["expression"],
                    "additionalProperties": False,
                },
            ),
            lambda arguments: calculate(str(arguments.get("expression", ""))),
        ),
        HostTool(
            Tool(
                name="current_time",
                description="Tells the date, the weekday and the time where the user is.",
                parameters={"type": "object", "properties": {}, "additionalProperties": False},
            ),
            lambda _arguments: datetime.now().astimezone().strftime("%A, %Y-%m-%d %H:%M:%S %Z"),
        ),
    )
