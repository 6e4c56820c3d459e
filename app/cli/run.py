"""`llama-chat run`: one prompt, or a conversation, in the terminal; only the text on stdout."""

import queue
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.bootstrap.rooms import Rooms, open_rooms
from app.chat.events import ChatEvent, ReplyDelta, ReplyFinished, ToolsAsked, TurnRefused
from app.chat.turns import Turns
from app.cli.naming import ModelName, Yes, model_to_run
from app.core.errors import ErrorInfo, from_info
from app.core.ids import ConversationId
from app.core.messages import ToolCall
from app.core.paths import find_folders
from app.core.sampling import Sampling
from app.storage.documents import Document
from app.storage.instance import Instance

_Prompt = Annotated[str, typer.Option("--prompt", "-p", help="The message; `-` reads stdin.")]
_MultiTurn = Annotated[bool, typer.Option("--multi-turn", help="Go on asking for messages.")]
_Temporary = Annotated[bool, typer.Option("--temporary", help="Keep nothing of this chat.")]
_MaxTokens = Annotated[int | None, typer.Option("--max-tokens", min=1)]
_Temperature = Annotated[float | None, typer.Option("--temperature", min=0.0)]
_Seed = Annotated[int | None, typer.Option("--seed")]
_Attach = Annotated[
    list[Path] | None,
    typer.Option("--attach", "-a", help="A document for the first message; may be repeated."),
]
_Verbose = Annotated[bool, typer.Option("--verbose", "-v")]


def run(
    *,
    model: ModelName = "default",
    prompt: _Prompt = "",
    multi_turn: _MultiTurn = False,
    temporary: _Temporary = False,
    max_tokens: _MaxTokens = None,
    temperature: _Temperature = None,
    seed: _Seed = None,
    attach: _Attach = None,
    yes: Yes = False,
    verbose: _Verbose = False,
) -> None:
    """Chat in the terminal."""
    text = sys.stdin.read() if prompt == "-" else prompt
    if not text and not multi_turn:
        raise typer.BadParameter("give --prompt TEXT, --prompt -, or --multi-turn")
    path = model_to_run(model, yes=yes, before_fetching=lambda: _refuse(temporary=temporary))
    events: queue.SimpleQueue[ChatEvent] = queue.SimpleQueue()
    with open_rooms(
        events.put,
        temporary=temporary,
        sampling=_sampling(temperature, seed),
        max_tokens=max_tokens,
        verbose=verbose,
    ) as rooms:
        rooms.load(path).result()
        talk = _Talk(rooms.turns, events, _read_all(rooms, attach or ()))
        while text or multi_turn:
            text = text or _read_line()
            if not text:
                break
            talk.say(text)
            text = ""


def _refuse(*, temporary: bool) -> None:
    """What a window that is open would refuse is refused before gigabytes were fetched for it."""
    if not temporary:
        Instance(find_folders().data).close()


def _read_all(rooms: Rooms, files: Sequence[Path]) -> tuple[Document, ...]:
    """What it costs, and what of it the model will not see, is said before it is sent."""
    reading = [rooms.attachments.read(file) for file in files]
    documents = tuple(each.result() for each in reading)
    for document in documents:
        cost = f"{document.tokens:,} tokens" if document.kind == "text" else "an image"
        print(f"{document.name}: {cost}. {document.note}".rstrip(), file=sys.stderr)
    return documents


def _sampling(temperature: float | None, seed: int | None) -> Sampling | None:
    """None: as the model has it."""
    if temperature is None and seed is None:
        return None
    return Sampling(
        temperature=Sampling().temperature if temperature is None else temperature, seed=seed
    )


class _Talk:
    """One conversation in the terminal."""

    def __init__(
        self,
        turns: Turns,
        events: "queue.SimpleQueue[ChatEvent]",
        carried: tuple[Document, ...],
    ) -> None:
        self._turns = turns
        self._events = events
        self._carried = carried
        self._conversation: ConversationId | None = None

    def say(self, text: str) -> None:
        """One turn: prints the reply as it comes."""
        if self._conversation is None:
            self._conversation = self._turns.start(text, carried=self._carried).result()
        else:
            self._turns.send(self._conversation, text)
        try:
            while not self._has_ended(self._events.get()):
                pass
        except KeyboardInterrupt:
            self._turns.stop(self._conversation)
            raise

    def _has_ended(self, event: ChatEvent) -> bool:
        match event:
            case ReplyDelta(text=text):
                print(text, end="", flush=True)
            case ToolsAsked(conversation=conversation, reply=reply, calls=calls):
                self._turns.answer_calls(conversation, reply, allowed=_may_run(calls))
            case ReplyFinished(message=message):
                if message.message.text or not message.message.tool_calls:
                    print()
                _raise(message.error)
                return not message.message.tool_calls  # else it goes on with their results
            case TurnRefused(error=error):
                _raise(error)
            case _:
                pass
        return False


def _may_run(calls: Sequence[ToolCall]) -> bool:
    """Nobody there to ask: no."""
    if not sys.stdin.isatty():
        return False
    wanted = "; ".join(f"{call.name} {call.arguments}" for call in calls)
    print(f"The model wants to run: {wanted}", file=sys.stderr)
    return typer.confirm("Allow it?", err=True)


def _raise(error: ErrorInfo | None) -> None:
    if error is not None:
        raise from_info(error)


def _read_line() -> str:
    try:
        return input("> " if sys.stdin.isatty() else "")
    except EOFError:
        return ""
