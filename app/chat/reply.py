"""One reply while it streams: the sink between the engine's events and everyone who cares.

Called on the answering side's thread. Accumulates the text, saves it at least twice a
second while it grows (so a crash loses at most a second of it), and ends the stored reply
exactly once.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

import msgspec

from app.chat.events import ChatEvent, ReplyDelta, ReplyProgress
from app.core.errors import ErrorInfo, to_info
from app.core.ids import RequestId
from app.core.messages import ToolCall
from app.core.protocol import (
    Delta,
    Failed,
    Finished,
    FinishReason,
    LoadProgress,
    Progress,
    RequestEvent,
    Stats,
)
from app.storage import messages
from app.storage.database import Database
from app.storage.messages import Status, StoredMessage

_SAVE_EVERY_S = 0.5
_STATUS: dict[FinishReason, Status] = {
    "stop": "complete",
    "tool_calls": "complete",
    "length": "length",
    "cancelled": "stopped",
}
_log = logging.getLogger(__name__)


class Reply:
    def __init__(
        self,
        db: Database,
        stored: StoredMessage,
        request_id: RequestId,
        post: Callable[[ChatEvent], None],
        ended: Callable[[StoredMessage], None],
    ) -> None:
        self.request_id = request_id
        self.stored = stored
        self.submitted = False  # the engine has it, and says how it ends
        self._db = db
        self._post = post
        self._ended = ended
        # A reply that is continued has said something already.
        self._text = [stored.message.text]
        self._reasoning = [stored.message.reasoning]
        self._text_length = len(stored.message.text)
        self._reasoning_length = len(stored.message.reasoning)
        self._lock = threading.Lock()
        self._save_timer: threading.Timer | None = None

    def sink(self, event: RequestEvent) -> None:
        conversation, reply = self.stored.conversation_id, self.stored.id
        match event:
            case Delta():
                self._post(self._grow(event))
            case Progress():
                self._post(
                    ReplyProgress(
                        conversation=conversation,
                        reply=reply,
                        done=event.done,
                        total=event.total,
                        reused=event.reused,
                    )
                )
            case Finished():
                self._end(_STATUS[event.reason], event.stats, event.tool_calls)
            case Failed():
                self._end("failed", error=event.error)
            case LoadProgress():
                pass
            case _:
                _log.error("a reply got a %s event", type(event).__name__)

    @property
    def at_first(self) -> tuple[str, str]:
        """What `so_far` gave before the first word."""
        return self.stored.message.text, self.stored.message.reasoning

    def so_far(self) -> tuple[str, str]:
        """Text and reasoning as they are now."""
        with self._lock:
            return "".join(self._text), "".join(self._reasoning)

    def _grow(self, delta: Delta) -> ReplyDelta:
        with self._lock:
            grown = ReplyDelta(
                conversation=self.stored.conversation_id,
                reply=self.stored.id,
                text=delta.text,
                reasoning=delta.reasoning,
                text_at=self._text_length,
                reasoning_at=self._reasoning_length,
            )
            self._text.append(delta.text)
            self._reasoning.append(delta.reasoning)
            self._text_length += len(delta.text)
            self._reasoning_length += len(delta.reasoning)
            if self._save_timer is None:
                self._save_timer = threading.Timer(_SAVE_EVERY_S, self._save)
                self._save_timer.daemon = True
                self._save_timer.start()
        return grown

    def _save(self) -> None:
        with self._lock:
            if self._save_timer is None:  # ended between the timer's firing and here
                return
            self._save_timer = None
            text, reasoning = "".join(self._text), "".join(self._reasoning)
            # Queued under the lock: a later `finish_reply` must stay behind it.
            self._db.write(lambda tx: messages.save_partial(tx, self.stored.id, text, reasoning))

    def _end(
        self,
        status: Status,
        stats: Stats | None = None,
        tool_calls: tuple[ToolCall, ...] = (),
        error: ErrorInfo | None = None,
    ) -> None:
        with self._lock:
            if self._save_timer is not None:
                self._save_timer.cancel()
                self._save_timer = None
            text, reasoning = "".join(self._text), "".join(self._reasoning)
        saving = self._db.write(
            lambda tx: messages.finish_reply(
                tx, self.stored.id, text, reasoning, tool_calls, status, stats, error
            )
        )
        saving.add_done_callback(lambda saved: self._ended(self._outcome(saved, text, reasoning)))

    def _outcome(self, saved: "Future[StoredMessage]", text: str, reasoning: str) -> StoredMessage:
        """As it is on disk; when it could not be saved, as it was said, with why."""
        if (error := saved.exception()) is None:
            return saved.result()
        _log.error("the end of a reply could not be saved", exc_info=error)
        why = to_info(error)
        unsaved = f"The end of this reply could not be saved. {why.message}"
        said = self.stored.message
        return msgspec.structs.replace(
            self.stored,
            message=msgspec.structs.replace(said, content=text, reasoning=reasoning),
            status="failed",
            error=msgspec.structs.replace(why, message=unsaved),
        )
