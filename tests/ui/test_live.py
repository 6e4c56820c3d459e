"""The streaming mark is true: a refusal takes back a promise, never a reply that does stream."""

from app.chat.events import TurnRefused
from app.core.errors import ErrorInfo
from app.storage import messages

BUSY = ErrorInfo("invalid_request", "Wait for the reply to end.")


def opened(desk):
    chat = desk.chat("Tea", "Which tea?")
    desk.window.current.open(chat.id)
    desk.settle()
    return chat


def test_a_refused_verb_leaves_the_mark_of_a_streaming_reply(desk):
    chat = opened(desk)
    reply = desk.begin_reply(chat.id)
    desk.bridge.post(TurnRefused(conversation=chat.id, text="", error=BUSY))
    desk.settle()
    assert desk.window.composer.stop_action.isEnabled()
    desk.end_reply(reply, "Green.")
    assert not desk.window.composer.stop_action.isEnabled()


def test_a_refused_message_gives_the_send_button_back(desk):
    chat = opened(desk)
    composer = desk.window.composer
    desk.qtbot.keyClicks(composer.editor, "Try")
    composer.send()
    assert composer.stop_action.isEnabled()
    desk.bridge.post(TurnRefused(conversation=chat.id, text="Try", error=BUSY))
    desk.settle()
    assert not composer.stop_action.isEnabled()


def test_a_reply_that_streams_already_is_marked_when_its_chat_is_opened(desk):
    chat = desk.chat("Tea", "Which tea?")
    leaf = desk.db.read(lambda tx: messages.active_leaf(tx, chat.id)).result(5)
    desk.db.write(lambda tx: messages.start_reply(tx, chat.id, leaf)).result(5)
    desk.window.current.open(chat.id)
    desk.settle()
    assert desk.window.composer.stop_action.isEnabled()
