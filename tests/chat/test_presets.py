"""What a chat is set to, and which of several choices wins."""

import pytest

from app.chat.events import ConversationChanged, ReplyFinished
from app.core.errors import InvalidRequest
from app.core.sampling import GREEDY, Sampling
from app.storage.presets import Preset

from .conftest import Chat

WARM = Sampling(temperature=1.5)
CALM = Sampling(temperature=0.2)


def ask(chat: Chat, text: str, count: int) -> Sampling:
    """The sampling of the request for the last reply, when it has come."""
    chat.wait_for(ReplyFinished, count)
    assert chat.last_asked().messages[-1].text == text
    return chat.last_asked().sampling


def test_the_chats_own_sampling_wins_then_the_models_then_what_its_file_recommends(
    chat: Chat,
) -> None:
    chat.recommended["m.gguf"] = CALM
    conversation = chat.turns.start("One", "m.gguf").result()
    assert ask(chat, "One", 1) == CALM
    chat.presets.set_for_model("m.gguf", Preset(sampling=WARM)).result()
    chat.turns.send(conversation, "Two")
    assert ask(chat, "Two", 2) == WARM
    chat.presets.use_sampling(conversation, GREEDY).result()
    chat.turns.send(conversation, "Three")
    assert ask(chat, "Three", 3) == GREEDY
    chat.presets.use_sampling(conversation, None).result()
    chat.presets.set_for_model("m.gguf", Preset()).result()
    chat.turns.send(conversation, "Four")
    assert ask(chat, "Four", 4) == CALM


def test_a_preset_sets_prompt_and_sampling_and_is_told_of(chat: Chat) -> None:
    saved = chat.presets.save("Pirate", Preset(system_prompt="Talk like one.", sampling=WARM))
    conversation = chat.turns.start("Hi").result()
    chat.wait_for(ReplyFinished)
    told = len([e for e in chat.events if isinstance(e, ConversationChanged)])
    chat.presets.use_preset(conversation, saved.result().preset).result()
    chat.wait_for(ConversationChanged, told + 1)
    chat.turns.send(conversation, "Ahoy")
    assert ask(chat, "Ahoy", 2) == WARM
    assert chat.last_asked().messages[0].text == "Talk like one."


def test_a_chat_may_begin_with_a_preset_or_with_its_models_own(chat: Chat) -> None:
    chat.presets.set_for_model("m.gguf", Preset(system_prompt="Be brief.")).result()
    chat.turns.start("One", "m.gguf").result()
    ask(chat, "One", 1)
    assert chat.last_asked().messages[0].text == "Be brief."
    chat.turns.start("Two", "m.gguf", Preset(system_prompt="Be long.")).result()
    ask(chat, "Two", 2)
    assert chat.last_asked().messages[0].text == "Be long."


def test_a_chat_that_names_no_model_begins_as_the_one_that_answers_has_it(chat: Chat) -> None:
    chat.default_model = "m.gguf"
    own = Preset(system_prompt="Be brief.", sampling=WARM)
    chat.presets.set_for_model("m.gguf", own).result()
    conversation = chat.turns.start("One").result()
    assert ask(chat, "One", 1) == WARM
    assert chat.last_asked().messages[0].text == "Be brief."
    chat.default_model = "other.gguf"
    chat.turns.send(conversation, "Two")
    assert ask(chat, "Two", 2) == Sampling(), "its own sampling went with the model"


def test_a_preset_of_the_same_name_is_replaced_and_can_be_removed(chat: Chat) -> None:
    chat.presets.save("Pirate", Preset(sampling=WARM)).result()
    again = chat.presets.save(" Pirate ", Preset(sampling=CALM)).result()
    (listed,) = chat.presets.listed().result()
    assert (listed.name, listed.preset.sampling) == ("Pirate", CALM)
    chat.presets.remove(again.id).result()
    assert chat.presets.listed().result() == ()
    with pytest.raises(InvalidRequest):
        chat.presets.save("  ", Preset()).result()


def test_the_model_of_a_chat_can_change_in_the_middle(chat: Chat) -> None:
    conversation = chat.turns.start("One", "a.gguf").result()
    chat.wait_for(ReplyFinished)
    assert chat.last_asked().model == "a.gguf"
    chat.presets.use_model(conversation, "b.gguf").result()
    chat.turns.send(conversation, "Two")
    ask(chat, "Two", 2)
    assert chat.last_asked().model == "b.gguf"
    assert chat.ready == ["a.gguf", "b.gguf"]
    assert [m.model for m in chat.branch(conversation) if m.message.role == "assistant"] == [
        "a",
        "b",
    ]
