"""Counts tokens where no engine is: by bytes, on the safe side in any script.

Any thread; answers at once on the caller's. Whatever else it is asked for it refuses.
"""

from app.core.errors import ErrorInfo, InvalidRequest
from app.core.generator import Sink
from app.core.ids import RequestId, SessionId
from app.core.messages import Message
from app.core.protocol import Count, Counted, Failed, Request, Tokenize, Tokenized

BYTES_PER_TOKEN = 2.5
_PER_MESSAGE = 4
_OPENING = 4
_REFUSAL = ErrorInfo(InvalidRequest.kind, "No model is loaded. Load one first.")


class Rough:
    """A `Generator` that only estimates."""

    def submit(self, request: Request, sink: Sink) -> None:
        match request:
            case Count():
                said = [_tokens(message) for message in request.messages]
                tools = sum(tokens_of(str(tool.parameters) + tool.name) for tool in request.tools)
                total = sum(said) + tools + _OPENING
                sink(Counted(request_id=request.request_id, total=total, each=tuple(said)))
            case Tokenize():
                tokens = tuple(range(tokens_of(request.text)))
                sink(Tokenized(request_id=request.request_id, tokens=tokens))
            case _:
                sink(Failed(request_id=request.request_id, error=_REFUSAL))

    def cancel(self, request_id: RequestId) -> None:
        """Everything has been answered already."""

    def purge(self, session: SessionId) -> None:
        """Nothing is kept."""


def tokens_of(text: str) -> int:
    return int(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN) + bool(text)


def _tokens(message: Message) -> int:
    calls = "".join(call.name + call.arguments for call in message.tool_calls)
    return tokens_of(message.text) + tokens_of(calls) + _PER_MESSAGE
