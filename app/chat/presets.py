"""How a chat is set: its model, its system prompt, its sampling, and presets of these.

The chat's own choice wins, then the model's, then what the model's file recommends. `Presets`
has the verbs; they return at once and post `ConversationChanged` when a choice is on disk.
"""

from collections.abc import Callable
from concurrent.futures import Future

from app.chat.events import ChatEvent, ConversationChanged
from app.core.ids import ConversationId
from app.core.sampling import Sampling
from app.storage import conversations, presets
from app.storage.connection import Tx
from app.storage.conversations import Conversation
from app.storage.database import Database
from app.storage.presets import Preset, PresetId, StoredPreset

PresetOf = Callable[[Tx, str], Preset]  # what a model has of its own, in a chat's transaction


class Presets:
    def __init__(self, db: Database, post: Callable[[ChatEvent], None]) -> None:
        self._db = db
        self._post = post

    def use_model(self, conversation: ConversationId, model: str) -> "Future[Conversation]":
        """From the next reply on; what the chat said with another model stays as it is."""
        return self._change(
            conversation, lambda tx: conversations.set_model(tx, conversation, model)
        )

    def use_system_prompt(
        self, conversation: ConversationId, prompt: str
    ) -> "Future[Conversation]":
        return self._change(
            conversation, lambda tx: conversations.set_system_prompt(tx, conversation, prompt)
        )

    def use_sampling(
        self, conversation: ConversationId, sampling: Sampling | None
    ) -> "Future[Conversation]":
        """None: as the model has it."""
        return self._change(
            conversation, lambda tx: conversations.set_sampling(tx, conversation, sampling)
        )

    def use_preset(self, conversation: ConversationId, preset: Preset) -> "Future[Conversation]":
        """A copy of it, from the next reply on."""

        def use(tx: Tx) -> Conversation:
            conversations.set_system_prompt(tx, conversation, preset.system_prompt)
            return conversations.set_sampling(tx, conversation, preset.sampling)

        return self._change(conversation, use)

    def listed(self) -> "Future[tuple[StoredPreset, ...]]":
        return self._db.read(presets.named)

    def save(self, name: str, preset: Preset) -> "Future[StoredPreset]":
        return self._db.write(lambda tx: presets.save(tx, name, preset))

    def remove(self, preset: PresetId) -> "Future[None]":
        return self._db.write(lambda tx: presets.remove(tx, preset))

    def of_model(self, model: str) -> "Future[Preset]":
        return self._db.read(lambda tx: presets.of_model(tx, model))

    def set_for_model(self, model: str, preset: Preset) -> "Future[None]":
        return self._db.write(lambda tx: presets.set_for_model(tx, model, preset))

    def _change(
        self, conversation: ConversationId, change: Callable[[Tx], Conversation]
    ) -> "Future[Conversation]":
        def announce(done: "Future[Conversation]") -> None:
            if not done.cancelled() and done.exception() is None:
                self._post(ConversationChanged(conversation=conversation))

        changing = self._db.write(change)
        changing.add_done_callback(announce)
        return changing


def sampling_of(
    tx: Tx,
    conversation: Conversation,
    default: str,
    recommended_for: Callable[[str], Sampling],
    preset_of: PresetOf = presets.of_model,
) -> Sampling:
    """`default`: the model that answers when the chat names none."""
    model = conversation.model or default
    own = conversation.sampling or preset_of(tx, model).sampling
    return own or recommended_for(conversation.model)


def kept_in(stored: Database) -> PresetOf:
    """For chats of another database: what models have of their own is kept in this one."""
    return lambda _, model: stored.read(lambda tx: presets.of_model(tx, model)).result()
