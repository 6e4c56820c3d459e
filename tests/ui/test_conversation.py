"""What the transcript asks for becomes a verb, and what comes back is shown."""

from app.chat.events import MessageDeleted
from app.storage import messages
from app.ui.transcript.items import (
    Branch,
    Continue,
    Delete,
    Edit,
    ItemId,
    Regenerate,
    SwitchVersion,
)


def opened(desk):
    chat = desk.chat("Tea", "Which tea?", "Green.")
    desk.window.current.open(chat.id)
    desk.settle()
    path = desk.db.read(lambda tx: messages.path(tx, chat.id)).result(5)
    return chat, [ItemId(str(each.id)) for each in path]


def test_requests_become_verbs(desk):
    chat, (question, reply) = opened(desk)
    ask = desk.window.transcript.requested.emit
    for request in (Regenerate(reply), Continue(reply), Delete(reply), SwitchVersion(reply, 1)):
        ask(request)
    assert desk.verbs.asked == [
        ("regenerate", chat.id, int(reply)),
        ("continue_reply", chat.id, int(reply)),
        ("delete", chat.id, int(reply)),
        ("switch_version", chat.id, int(reply), 1),
    ]
    ask(Edit(question))
    assert desk.window.composer.editor.toPlainText() == "Which tea?"


def test_a_branch_becomes_a_chat_of_its_own(desk):
    chat, (_, reply) = opened(desk)
    desk.window.transcript.requested.emit(Branch(reply))
    desk.settle()
    assert desk.window.current.conversation not in {None, chat.id}


def test_a_deleted_message_can_be_brought_back(desk):
    chat, (question, reply) = opened(desk)
    leaf = int(reply)
    desk.bridge.post(MessageDeleted(conversation=chat.id, message=int(question), leaf=leaf))
    desk.settle()
    desk.window.notes.button.click()
    assert desk.verbs.asked == [("undelete", chat.id, leaf)]
