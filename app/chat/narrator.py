"""What people do with the narrative of a chat: read it, edit it, take a part back, have it redone.

Verbs return at once; what changed is posted as `NarrativeChanged`, what was refused as
`TurnRefused`. A segment is never overwritten: an edit or a re-run supersedes it, and taking
that back brings it to light again.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec

from app.chat import ledger
from app.chat.events import ChatEvent, NarrativeChanged, TurnRefused
from app.chat.scale import Scale
from app.chat.seen import Account
from app.chat.wind import CHANGED, Wind, replace
from app.core.errors import InvalidRequest, KnownError, to_info
from app.core.ids import ConversationId
from app.core.messages import clean_text
from app.storage import conversations, messages, segments
from app.storage.database import Database, Tx
from app.storage.segments import Segment, SegmentId

_BLANK = "Write something, or take this part back instead."
_COVERED = "Later parts follow this one. Take the newest part back first."
_CHARACTERS_PER_TOKEN = 3  # when no model is loaded to count
_log = logging.getLogger(__name__)


class Part(msgspec.Struct, frozen=True):
    """A segment that stands, and the versions it replaced, newest first."""

    segment: Segment
    earlier: tuple[Segment, ...]
    can_undo: bool  # what it replaced comes back; only the newest part may leave nothing behind


class Narrator:
    def __init__(
        self, db: Database, scale: Scale, wind: Wind, post: Callable[[ChatEvent], None]
    ) -> None:
        self._db = db
        self._scale = scale
        self._wind = wind
        self._post = post
        self._threads = ThreadPoolExecutor(2, "narrator")

    def read(self, conversation: ConversationId) -> "Future[tuple[Part, ...]]":
        """The narrative of the branch that is shown, oldest part first."""
        return self._db.read(lambda tx: _parts(tx, conversation))

    def account(self, conversation: ConversationId) -> "Future[Account]":
        """What the model would see now, counted by the engine."""
        return self._threads.submit(self._scale.account, conversation)

    def edit(self, conversation: ConversationId, segment: SegmentId, text: str) -> None:
        self._do(conversation, lambda: self._edit(conversation, segment, clean_text(text).strip()))

    def undo(self, conversation: ConversationId, segment: SegmentId) -> None:
        """What this part replaced stands again; the newest part's turns are seen as they were."""

        def take_back(tx: Tx) -> None:
            parts = _parts(tx, conversation)
            if not parts[_place(parts, segment)].can_undo:
                raise InvalidRequest(_COVERED)
            segments.undo(tx, segment)

        self._do(conversation, lambda: self._db.write(take_back).result())

    def rewrite(self, conversation: ConversationId, segment: SegmentId) -> None:
        """The same turns narrated once more, from what was said; `WindStarted` says it runs."""
        rewriting = self._wind.rewrite(conversation, segment)
        rewriting.add_done_callback(lambda done: self._tell(conversation, done))

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _do(self, conversation: ConversationId, change: Callable[[], object]) -> None:
        changing = self._threads.submit(change)
        changing.add_done_callback(lambda done: self._tell(conversation, done))

    def _tell(self, conversation: ConversationId, done: "Future[Any]") -> None:
        if done.cancelled():  # the app is closing
            return
        if (error := done.exception()) is None:
            standing = self._db.read(lambda tx: tuple(_standing(tx, conversation))).result()
            self._post(NarrativeChanged(conversation=conversation, standing=standing))
            self._wind.prime(conversation)
        else:
            _log.info("a narrative was not changed", exc_info=error)
            self._post(TurnRefused(conversation=conversation, text="", error=to_info(error)))

    def _edit(self, conversation: ConversationId, segment: SegmentId, text: str) -> None:
        if not text:
            raise InvalidRequest(_BLANK)
        model = self._db.read(lambda tx: conversations.get(tx, conversation).model).result()
        tokens = self._tokens(text, model)

        def store(tx: Tx) -> None:
            parts = _parts(tx, conversation)
            old = parts[_place(parts, segment)].segment
            found = ledger.extract(text, old.last_message_id)
            added = [entry for entry in found if entry.text not in old.text]
            new = msgspec.structs.replace(
                old,
                text=text,
                origin="edited",
                tokens=tokens,
                ledger=ledger.merge(old.ledger, added),
            )
            replace(tx, conversation, old, new)

        self._db.write(store).result()

    def _tokens(self, text: str, model: str) -> int:
        try:
            return self._scale.tokens(text, model)
        except KnownError:
            return len(text) // _CHARACTERS_PER_TOKEN + 1


def _standing(tx: Tx, conversation: ConversationId) -> list[Segment]:
    leaf = messages.active_leaf(tx, conversation)
    return [] if leaf is None else segments.on_branch(tx, conversation, leaf)


def _parts(tx: Tx, conversation: ConversationId) -> tuple[Part, ...]:
    written = segments.history(tx, conversation)
    standing = _standing(tx, conversation)
    earlier = [_replaced_by(each, written) for each in standing]
    return tuple(
        Part(each, replaced, bool(replaced) or each is standing[-1])
        for each, replaced in zip(standing, earlier, strict=True)
    )


def _replaced_by(segment: Segment, written: Sequence[Segment]) -> tuple[Segment, ...]:
    """Everything that led to it, newest first."""
    found = {segment.id}
    earlier: list[Segment] = []
    for each in reversed(written):
        if each.superseded_by in found:
            found.add(each.id)
            earlier.append(each)
    return tuple(earlier)


def _place(parts: Sequence[Part], segment: SegmentId) -> int:
    place = next((i for i, part in enumerate(parts) if part.segment.id == segment), None)
    if place is None:
        raise InvalidRequest(CHANGED)
    return place
