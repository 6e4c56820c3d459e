"""A title for a new chat, asked for in the background after its first reply.

The request forks the chat's own cached prompt, so it costs the chat nothing; until it comes,
and when it says nothing useful, the first words of the first message serve.
"""

import logging
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec

from app.chat.ask import Answered, ask
from app.chat.documents import own_words
from app.chat.events import ChatEvent, ConversationChanged
from app.chat.prompt import Composition
from app.chat.scale import Scale
from app.core.generator import Generator
from app.core.ids import ConversationId, new_request_id, session_of
from app.core.messages import Message, clean_text
from app.core.protocol import CHAT, Generate
from app.core.sampling import GREEDY
from app.storage import conversations, documents
from app.storage.database import Database, Tx
from app.storage.messages import StoredMessage

_LONGEST = 60
_MAX_TOKENS = 24
_ROOM_TO_THINK = 512  # when the first try was spent on reasoning
_DEADLINE_MS = 60_000
WISH = "Write a title of at most six words for this conversation. Answer with the title only."
_log = logging.getLogger(__name__)


class Titles:
    def __init__(
        self,
        db: Database,
        generator: Generator,
        post: Callable[[ChatEvent], None],
        scale: Scale,
    ) -> None:
        self._db = db
        self._generator = generator
        self._post = post
        self._scale = scale

    def after_reply(self, conversation: ConversationId) -> None:
        self._scale.read(conversation).add_done_callback(lambda read: self._ask(conversation, read))

    def _ask(self, conversation: ConversationId, read: "Future[Composition]") -> None:
        if read.cancelled() or read.exception() is not None:
            return
        seen = read.result()
        asked = [stored for stored in seen.branch if stored.message.role == "user"]
        answer = seen.branch[-1].message
        if len(asked) != 1 or answer.tool_calls or not answer.text:
            return
        request = Generate(
            request_id=new_request_id(),
            session=session_of(conversation),
            model=seen.model or CHAT,
            messages=(*seen.messages, Message(role="user", content=WISH)),
            tools=self._scale.offered(seen),  # as the chat has them: they are cached
            reasoning=False,
            spare_prefix=True,
            sampling=GREEDY,
            max_tokens=_MAX_TOKENS,
            priority="background",
            deadline_ms=_DEADLINE_MS,
        )
        self._submit(conversation, asked[0], request)

    def _submit(
        self, conversation: ConversationId, question: StoredMessage, request: Generate
    ) -> None:
        def name(asked: "Future[Answered]") -> None:
            if (error := asked.exception()) is not None:
                _log.info("no title: %s", error)
            elif request.max_tokens == _MAX_TOKENS and _only_thought(asked.result()):
                again = new_request_id()
                more = msgspec.structs.replace(request, request_id=again, max_tokens=_ROOM_TO_THINK)
                self._submit(conversation, question, more)
            else:
                self._rename(conversation, question, usable(asked.result().text))

        ask(self._generator, request).add_done_callback(name)

    def _rename(self, conversation: ConversationId, question: StoredMessage, title: str) -> None:
        def rename(tx: Tx) -> bool:
            # The user may have named it meanwhile.
            carried = [document.name for document in documents.on(tx, [question.id])]
            first = provisional(own_words(question.message.text), carried)
            untouched = conversations.get(tx, conversation).title == first
            if untouched and title:
                conversations.rename(tx, conversation, title)
            return untouched and bool(title)

        def announce(done: "Future[bool]") -> None:
            if done.exception() is None and done.result():
                self._post(ConversationChanged(conversation=conversation))

        self._db.write(rename).add_done_callback(announce)


def _only_thought(answer: Answered) -> bool:
    return answer.reason == "length" and not answer.text.strip()


def provisional(text: str, carried: Sequence[str]) -> str:
    """Until a model has found a title: the first words, or else what was attached."""
    return first_words(text) or next(iter(carried), "")


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
