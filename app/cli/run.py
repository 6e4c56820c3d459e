"""`llama-chat run`: one prompt, or a conversation, in the terminal; only the text on stdout."""

import queue
import sys
from typing import Annotated

import typer

from app.bootstrap.rooms import open_rooms
from app.chat.events import ChatEvent, ReplyDelta, ReplyFinished, TurnRefused
from app.chat.turns import Turns
from app.core.errors import ErrorInfo, from_info
from app.core.ids import ConversationId
from app.core.sampling import Sampling

_Model = Annotated[
    str, typer.Option("--model", "-m", help="A path, a discovered name, owner/repo, or `default`.")
]
_Prompt = Annotated[str, typer.Option("--prompt", "-p", help="The message; `-` reads stdin.")]
_MultiTurn = Annotated[bool, typer.Option("--multi-turn", help="Go on asking for messages.")]
_Temporary = Annotated[bool, typer.Option("--temporary", help="Keep nothing of this chat.")]
_MaxTokens = Annotated[int | None, typer.Option("--max-tokens", min=1)]
_Temperature = Annotated[float | None, typer.Option("--temperature", min=0.0)]
_Seed = Annotated[int | None, typer.Option("--seed")]
_Verbose = Annotated[bool, typer.Option("--verbose", "-v")]


def run(
    *,
    model: _Model = "default",
    prompt: _Prompt = "",
    multi_turn: _MultiTurn = False,
    temporary: _Temporary = False,
    max_tokens: _MaxTokens = None,
    temperature: _Temperature = None,
    seed: _Seed = None,
    verbose: _Verbose = False,
) -> None:
    """Chat in the terminal."""
    text = sys.stdin.read() if prompt == "-" else prompt
    if not text and not multi_turn:
        raise typer.BadParameter("give --prompt TEXT, --prompt -, or --multi-turn")
    events: queue.SimpleQueue[ChatEvent] = queue.SimpleQueue()
    with open_rooms(
        events.put,
        temporary=temporary,
        sampling=_sampling(temperature, seed),
        max_tokens=max_tokens,
        verbose=verbose,
    ) as rooms:
        path = rooms.find_model(model)
        rooms.load(path).result()
        conversation = ConversationId(0)
        while text or multi_turn:
            text = text or _read_line()
            if not text:
                break
            conversation = _say(rooms.turns, events, conversation, text)
            text = ""


def _sampling(temperature: float | None, seed: int | None) -> Sampling | None:
    """None: as the model has it."""
    if temperature is None and seed is None:
        return None
    return Sampling(
        temperature=Sampling().temperature if temperature is None else temperature, seed=seed
    )


def _say(
    turns: Turns, events: "queue.SimpleQueue[ChatEvent]", conversation: ConversationId, text: str
) -> ConversationId:
    """One turn: prints the reply as it comes."""
    if conversation:
        turns.send(conversation, text)
    else:
        conversation = turns.start(text).result()
    try:
        _print_reply(events)
    except KeyboardInterrupt:
        turns.stop(conversation)
        raise
    return conversation


def _print_reply(events: "queue.SimpleQueue[ChatEvent]") -> None:
    while True:
        match events.get():
            case ReplyDelta(text=text):
                print(text, end="", flush=True)
            case ReplyFinished(message=message):
                print()
                _raise(message.error)
                return
            case TurnRefused(error=error):
                _raise(error)
            case _:
                pass


def _raise(error: ErrorInfo | None) -> None:
    if error is not None:
        raise from_info(error)


def _read_line() -> str:
    try:
        return input("> " if sys.stdin.isatty() else "")
    except EOFError:
        return ""
