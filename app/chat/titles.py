"""A title for a new chat, asked for in the background after its first reply.

The request forks the chat's own cached prompt, so it costs the chat nothing; until it comes,
and when it says nothing useful, the first words of the first message serve.
"""

import logging
import re
from collections.abc import Callable
from concurrent.futures import Future

from app.chat.ask import Answered, ask
from app.chat.events import ChatEvent, ConversationChanged
from app.core.generator import Generator
from app.core.ids import ConversationId, new_request_id, session_of
from app.core.messages import Message, clean_text
from app.core.protocol import Generate
from app.core.sampling import GREEDY
from app.storage import conversations, messages
from app.storage.database import Database, Tx

_LONGEST = 60
_MAX_TOKENS = 24
_DEADLINE_MS = 60_000
_FIRST_EXCHANGE = 2
WISH = "Write a title of at most six words for this conversation. Answer with the title only."
_log = logging.getLogger(__name__)


class Titles:
    def __init__(
        self, db: Database, generator: Generator, post: Callable[[ChatEvent], None]
    ) -> None:
        self._db = db
        self._generator = generator
        self._post = post

    def after_reply(self, conversation: ConversationId) -> None:
        self._db.read(lambda tx: messages.path(tx, conversation)).add_done_callback(
            lambda read: self._ask(conversation, read)
        )

    def _ask(
        self, conversation: ConversationId, read: "Future[list[messages.StoredMessage]]"
    ) -> None:
        if read.cancelled() or read.exception() is not None:
            return
        branch = read.result()
        if len(branch) != _FIRST_EXCHANGE or not branch[1].message.text:
            return
        request = Generate(
            request_id=new_request_id(),
            session=session_of(conversation),
            messages=(*(m.message for m in branch), Message(role="user", content=WISH)),
            sampling=GREEDY,
            max_tokens=_MAX_TOKENS,
            priority="background",
            deadline_ms=_DEADLINE_MS,
        )
        fallback = first_words(branch[0].message.text)
        ask(self._generator, request).add_done_callback(
            lambda asked: self._rename(conversation, fallback, asked)
        )

    def _rename(
        self, conversation: ConversationId, fallback: str, asked: "Future[Answered]"
    ) -> None:
        if (error := asked.exception()) is not None:
            _log.info("no title: %s", error)
            return
        title = usable(asked.result().text)

        def rename(tx: Tx) -> bool:
            # The user may have named it meanwhile.
            untouched = conversations.get(tx, conversation).title == fallback
            if untouched and title:
                conversations.rename(tx, conversation, title)
            return untouched and bool(title)

        def announce(done: "Future[bool]") -> None:
            if done.exception() is None and done.result():
                self._post(ConversationChanged(conversation=conversation))

        self._db.write(rename).add_done_callback(announce)


def first_words(text: str) -> str:
    """The message's first line, cut at a word."""
    line = next(iter(clean_text(text).strip().splitlines()), "")
    if len(line) <= _LONGEST:
        return line
    return line[:_LONGEST].rsplit(" ", 1)[0] + "…"


def usable(said: str) -> str:
    """A model's title without quotes, markup or a full stop; empty when it is none."""
    line = next((text for text in clean_text(said).splitlines() if text.strip()), "")
    line = re.sub(r"^(?:#+|[-*]|title:)\s*", "", line.strip(), flags=re.IGNORECASE)
    line = line.strip(" \"'“”„«»*_`.")
    return line if 2 < len(line) <= _LONGEST and len(line.split()) <= 10 else ""
