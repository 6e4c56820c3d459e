"""Weighs conversations: composes what would be sent and has the engine count it exactly.

Called on threads that may wait: a count is a round trip to the engine. Always counted with the
model of the chat and the tools it would be offered, as they are sent.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeVar

import msgspec

from app.chat import narrative
from app.chat.ask import count, token_count
from app.chat.budget import Budget
from app.chat.prompt import Composition
from app.chat.seen import Account, SeenMessage, load
from app.chat.tools import Toolbox
from app.core.errors import ContextLimitExceeded
from app.core.generator import Generator
from app.core.ids import ConversationId, MessageId, new_request_id
from app.core.messages import Message, Tool
from app.core.protocol import CHAT, Count, Counted
from app.storage.connection import Tx

T = TypeVar("T")

_EXCERPT_TRIES = 8


class Reads(Protocol):
    """A database, or a reader of one."""

    def read(self, job: Callable[[Tx], T]) -> Future[T]: ...


class Weighed(msgspec.Struct, frozen=True):
    """A composition with its exact size."""

    composition: Composition
    tools: tuple[Tool, ...]
    tokens: int
    each: tuple[int, ...]  # per message of the composition

    @property
    def prices(self) -> tuple[int, ...]:
        """Of `composition.said`, one for one."""
        return self.each[len(self.composition.head) :]


class Scale:
    def __init__(
        self,
        db: Reads,
        generator: Generator,
        budget: Callable[[], Budget],
        toolbox: Toolbox = Toolbox(()),
        *,
        sees: Callable[[str], bool] = lambda _model: False,
        model: str = "",
        exact: bool = True,
    ) -> None:
        """`sees`: whether a model can be sent images. `model`: counts, whichever the chat names.

        `exact`: the generator is no estimate.
        """
        self._db = db
        self._generator = generator
        self._budget = budget
        self._toolbox = toolbox
        self._sees = sees
        self._model = model
        self._exact = exact

    def read(
        self,
        conversation: ConversationId,
        *,
        leaf: MessageId | None = None,
        excerpts: dict[MessageId, int] | None = None,
    ) -> "Future[Composition]":
        """What would be sent, not yet weighed."""
        budget, sees = self._budget(), self._sees
        return self._db.read(
            lambda tx: load(tx, conversation, budget, leaf=leaf, excerpts=excerpts, sees=sees)
        )

    def offered(self, composition: Composition) -> tuple[Tool, ...]:
        return self._toolbox.offered(composition.messages)

    def weigh(
        self,
        conversation: ConversationId,
        *,
        leaf: MessageId | None = None,
        excerpts: dict[MessageId, int] | None = None,
    ) -> Weighed:
        """The active branch, or the one that ends in `leaf`."""
        composition = self.read(conversation, leaf=leaf, excerpts=excerpts).result()
        tools = self.offered(composition)
        counted = self.count(composition.messages, composition.model, tools)
        return Weighed(composition, tools, counted.total, counted.each)

    def fitted(
        self,
        conversation: ConversationId,
        weighed: Weighed,
        leaf: MessageId | None = None,
        limit: int | None = None,
    ) -> Weighed:
        """Its longest messages cut, one after the other, until it fits into the window."""
        limit = min(limit or self._budget().limit, self._budget().limit)
        excerpts: dict[MessageId, int] = {}
        for _ in range(_EXCERPT_TRIES):
            if weighed.tokens <= limit or not weighed.prices:
                break
            excerpts |= _shorten_longest(weighed, limit, excerpts)
            weighed = self.weigh(conversation, leaf=leaf, excerpts=excerpts)
        if weighed.tokens > limit:
            raise ContextLimitExceeded(maximum=limit, required=weighed.tokens)
        return weighed

    def account(self, conversation: ConversationId) -> Account:
        """What the model would see if a reply were asked for now."""
        budget = self._budget()
        weighed = self.weigh(conversation)
        if weighed.tokens > budget.limit:
            weighed = self.fitted(conversation, weighed)
        composition, total = weighed.composition, weighed.tokens
        prices = dict(zip((s.id for s in composition.said), weighed.prices, strict=True))
        if weighed.tools:  # a template may write them into the first message
            plain = self.count(composition.messages, composition.model)
            total = plain.total
            paid = plain.each[len(composition.head) :]
            prices = dict(zip(prices, paid, strict=True))
        story, facts = self.told(composition)
        return Account(
            chat_ctx=budget.chat_ctx,
            reserve=budget.reserve,
            system=total - sum(prices.values()) - story - facts,
            tools=weighed.tokens - total,
            narrative=story,
            ledger=facts,
            messages=self._seen(composition, prices),
            exact=self._exact,
        )

    def count(self, messages: Sequence[Message], model: str, tools: Sequence[Tool] = ()) -> Counted:
        request = Count(
            request_id=new_request_id(),
            messages=tuple(messages),
            tools=tuple(tools),
            each=True,
            model=self._model or model or CHAT,
        )
        return count(self._generator, request).result()

    def tokens(self, text: str, model: str = "") -> int:
        by = self._model or model or CHAT
        return token_count(self._generator, text, by).result() if text else 0

    def told(self, composition: Composition) -> tuple[int, int]:
        """What the narrative and the facts cost."""
        story = narrative.story_text([segment.text for segment in composition.segments])
        facts = narrative.facts_text(composition.facts)
        return self.tokens(story, composition.model), self.tokens(facts, composition.model)

    def _seen(
        self, composition: Composition, prices: dict[MessageId, int]
    ) -> tuple[SeenMessage, ...]:
        for carrier, quotes in composition.quotes.items():
            for quote in quotes:
                cost = min(self.tokens(quote.text, composition.model), prices[carrier])
                prices[carrier] -= cost
                prices[quote.message_id] = prices.get(quote.message_id, 0) + cost
        seen = composition.seen()
        return tuple(SeenMessage(id_, how, prices.get(id_, 0)) for id_, how in seen.items())


def _shorten_longest(
    weighed: Weighed, limit: int, excerpts: dict[MessageId, int]
) -> dict[MessageId, int]:
    """Cut the message that weighs most by what is too much, and a little more."""
    pairs = zip(weighed.composition.said, weighed.prices, strict=True)
    longest, price = max(pairs, key=lambda pair: pair[1])
    length = excerpts.get(longest.id, len(longest.message.text))
    keep = max(0.05, (price - (weighed.tokens - limit)) / price) * 0.9
    return {longest.id: int(length * keep)}
