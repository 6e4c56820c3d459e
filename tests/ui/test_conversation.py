"""What the transcript asks for becomes a verb, and what comes back is shown."""

import msgspec
import pytest
from PySide6.QtCore import Qt

from app.chat.events import (
    BranchChanged,
    MessageAdded,
    MessageDeleted,
    ReplyFinished,
    ReplyResumed,
    ToolsAsked,
    WindFinished,
)
from app.core.messages import Message, ToolCall
from app.storage import documents, messages, recalls, segments
from app.storage.documents import Document
from app.storage.recalls import Quote
from app.ui.transcript.items import (
    AnswerCalls,
    Branch,
    Carried,
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
    ask(Edit(question))
    assert desk.window.composer.editor.toPlainText() == "Which tea?"
    for request in (Regenerate(reply), Continue(reply), Delete(reply), SwitchVersion(reply, 1)):
        ask(request)
    assert desk.verbs.asked == [
        ("regenerate", chat.id, int(reply)),
        ("continue_reply", chat.id, int(reply)),
        ("delete", chat.id, int(reply)),
        ("switch_version", chat.id, int(reply), 1),
    ]


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


def shown(desk):
    spoken = desk.window.transcript.spoken
    return [spoken.text(number) for number in range(spoken.count())]


def test_a_search_in_the_chat_reaches_pages_that_were_not_read_yet(desk):
    chat = desk.chat("Hay", "a needle", *(f"straw {n}" for n in range(200)))
    desk.window.current.open(chat.id)
    desk.settle()
    bar = desk.window.find_bar
    desk.qtbot.keyClick(desk.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    desk.qtbot.keyClicks(bar.field, "needle")
    desk.qtbot.waitUntil(lambda: bar.count.text() == "1 of 1")
    top = desk.window.transcript.top_item
    assert desk.window.transcript.item(top).text == "a needle"


def test_a_search_goes_on_in_another_version_and_ends_with_the_chat(desk):
    chat, _ = opened(desk)
    other = desk.chat("Other", "Green tea?")
    bar = desk.window.find_bar
    desk.qtbot.keyClick(desk.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    desk.qtbot.keyClicks(bar.field, "green")
    desk.qtbot.waitUntil(lambda: bar.count.text() == "1 of 1")
    desk.bridge.post(BranchChanged(conversation=chat.id))
    desk.settle()
    desk.qtbot.waitUntil(lambda: bar.count.text() == "1 found")  # the reader is left in place
    desk.qtbot.keyClick(bar.field, Qt.Key.Key_Return)
    assert bar.count.text() == "1 of 1"
    desk.window.current.open(other.id)
    desk.settle()
    assert not bar.isVisible()
    assert not desk.window.transcript._search.active


def test_a_hit_in_what_a_tool_said_shows_the_reply_that_asked(desk):
    chat = desk.chat("Sum", "What is 2 + 2?", *(f"line {n}\n\n" * 30 for n in range(4)))

    def ask(tx):
        leaf = messages.active_leaf(tx, chat.id)
        calls = (ToolCall("c1", "calculate", "{}"),)
        asking = Message(role="assistant", content="", tool_calls=calls)
        reply = messages.add(tx, chat.id, leaf, asking).id
        result = Message(role="tool", content="4", tool_call_id="c1")
        said = messages.add(tx, chat.id, reply, result).id
        long = Message(role="assistant", content="It is 4.\n\n" * 60)
        messages.add(tx, chat.id, said, long)
        return reply, said

    reply, said = desk.db.write(ask).result(5)
    desk.window.current.open(chat.id, said)
    desk.settle()
    assert desk.window.transcript.top_item == ItemId(str(reply))


def test_what_was_attached_stands_above_the_question(desk):
    chat = desk.chat("Tea", "Which tea?", "Green.")

    def carry(tx):
        first = messages.path(tx, chat.id)[0]
        documents.attach(tx, first.id, [Document(name="menu.pdf", text="x", tokens=1240)])
        return first.id

    question = desk.db.write(carry).result(5)
    desk.window.current.open(chat.id)
    desk.settle()
    item = desk.window.transcript.item(ItemId(str(question)))
    assert item.attachments == (Carried("menu.pdf", "1,240 tokens"),)


def test_a_model_that_wants_to_use_a_tool_is_answered_in_the_transcript(desk):
    chat = desk.chat("Sum", "What is 2 + 2?")
    desk.window.current.open(chat.id)
    desk.settle()
    reply = desk.begin_reply(chat.id)
    calls = (ToolCall("c1", "calculate", '{"expression": "2 + 2"}'),)
    done = desk.db.write(
        lambda tx: messages.finish_reply(tx, reply.id, "", tool_calls=calls)
    ).result(5)
    desk.bridge.post(ReplyFinished(conversation=chat.id, message=done))
    desk.settle()
    name = ItemId(str(reply.id))
    assert desk.window.transcript.item(name).status == "done"
    desk.bridge.post(ToolsAsked(conversation=chat.id, reply=reply.id, calls=calls))
    desk.settle()
    assert desk.window.transcript.item(name).status == "asking"
    desk.window.transcript.requested.emit(AnswerCalls(name, allowed=True))
    assert desk.verbs.asked[-1] == ("answer_calls", chat.id, reply.id, True)
    assert desk.window.transcript.item(name).tools[0].status == "running"
    # The same from disk: calls that nobody answered are asked about again, results are shown.
    desk.window.current.open(None)
    desk.window.current.open(chat.id)
    desk.settle()
    assert desk.window.transcript.item(name).status == "asking"
    result = Message(role="tool", content="4", tool_call_id="c1")
    desk.db.write(lambda tx: messages.add(tx, chat.id, reply.id, result)).result(5)
    desk.window.current.open(None)
    desk.window.current.open(chat.id)
    desk.settle()
    (card,) = desk.window.transcript.item(name).tools
    assert (card.status, card.result) == ("done", "4")
    assert len(shown(desk)) == 2


def test_the_wind_line_and_what_was_recalled_are_shown(desk):
    chat = desk.chat("Trip", "Where?", "Lisbon.", "When?", "In May.")
    path = desk.db.read(lambda tx: messages.path(tx, chat.id)).result(5)
    desk.window.current.open(chat.id)
    desk.settle()

    def wind(tx):
        first, last = path[0].id, path[1].id
        segment = segments.add(tx, chat.id, first, last, "They chose Lisbon.")
        quote = Quote(path[0].id, "user", "Where?")
        recalls.put(tx, path[2].id, segment.id, [quote])
        return segment

    segment = desk.db.write(wind).result(5)
    desk.bridge.post(WindFinished(conversation=chat.id, segment=segment))
    desk.settle()
    assert shown(desk)[2] == "2 messages became narrative"
    desk.window.current.open(None)
    desk.window.current.open(chat.id)
    desk.settle()
    assert shown(desk)[2] == "2 messages became narrative"
    assert desk.window.transcript.item(ItemId(str(path[3].id))).quotes[0].text == "Where?"


def test_switching_a_version_stays_where_the_reader_is(desk):
    said = [f"line {number} " + "filler " * 80 for number in range(12)]
    chat = desk.chat("Hay", *said)
    path = desk.db.read(lambda tx: messages.path(tx, chat.id)).result(5)
    again = Message(role="assistant", content="another answer " + "filler " * 1500)

    def branch(tx):
        made = messages.add(tx, chat.id, path[2].id, again)
        messages.set_active_leaf(tx, chat.id, path[-1].id)
        return made

    other = desk.db.write(branch).result(5)
    desk.window.current.open(chat.id)
    desk.settle()
    desk.window.transcript.requested.emit(SwitchVersion(ItemId(str(path[3].id)), 1))
    desk.db.write(lambda tx: messages.set_active_leaf(tx, chat.id, other.id)).result(5)
    desk.bridge.post(BranchChanged(conversation=chat.id))
    desk.settle()
    assert desk.window.transcript.top_item == ItemId(str(other.id))


def test_whoever_sends_a_message_sees_it_and_its_answer(desk):
    chat = desk.chat("Hay", *(f"line {number} " + "filler " * 80 for number in range(12)))
    desk.window.current.open(chat.id)
    desk.settle()
    desk.window.transcript.verticalScrollBar().setValue(0)
    assert not desk.window.transcript.following

    def ask(tx):
        leaf = messages.active_leaf(tx, chat.id)
        return messages.add(tx, chat.id, leaf, Message(role="user", content="And now?"))

    asked = desk.db.write(ask).result(5)
    desk.bridge.post(MessageAdded(conversation=chat.id, message=asked))
    desk.settle()
    assert desk.window.transcript.following


def test_a_reply_that_goes_on_shows_what_it_had_said_before_it_is_in_the_making(desk):
    chat, (_, reply) = opened(desk)
    stored = desk.db.read(lambda tx: messages.get(tx, int(reply))).result(5)
    resumed = msgspec.structs.replace(stored, status="streaming")
    desk.bridge.post(ReplyResumed(conversation=chat.id, message=resumed))
    desk.settle()
    assert desk.window.transcript.item(reply).text == stored.message.text


@pytest.mark.parametrize("streaming", [False, True])
def test_a_hit_on_another_branch_leaves_a_reply_in_the_making_its_own(desk, streaming):
    chat, (question, reply) = opened(desk)
    other = Message(role="assistant", content="Another")
    added = desk.db.write(lambda tx: messages.add(tx, chat.id, int(question), other)).result(5)
    if streaming:
        desk.window.conversation._live.begin(chat.id)
    desk.window.current.open(chat.id, int(reply))
    desk.settle()
    leaf = desk.db.read(lambda tx: messages.active_leaf(tx, chat.id)).result(5)
    assert leaf == (added.id if streaming else int(reply))
    assert ("another version" in desk.window.notes.text) == streaming


def test_an_undo_that_comes_while_a_reply_is_written_is_offered_again(desk):
    chat, (_, reply) = opened(desk)
    desk.bridge.post(MessageDeleted(conversation=chat.id, message=int(reply), leaf=int(reply)))
    desk.settle()
    desk.window.conversation._live.begin(chat.id)
    desk.window.notes.button.click()
    assert desk.window.notes.isVisible()
    assert desk.verbs.asked == []
