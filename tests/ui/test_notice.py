"""A long reply that ends while nobody looks is announced outside of the window."""

import pytest

from app.chat.events import BranchChanged, ReplyDelta
from app.storage import messages
from app.ui.notice import Notice


@pytest.fixture
def said(desk):
    return []


def answered(desk, said, *, wanted=True, long_s=0.0, active=False, monkeypatch=None):
    monkeypatch.setattr(type(desk.window), "isActiveWindow", lambda _: active)
    notice = Notice(
        desk.bridge, desk.window, lambda: wanted, lambda *words: said.append(words), long_s
    )
    chat = desk.chat("Tea", "Which tea?")
    desk.end_reply(desk.begin_reply(chat.id), "Green.")
    notice.deleteLater()
    return said


def test_a_long_reply_in_the_background_is_announced(desk, said, monkeypatch):
    words = answered(desk, said, monkeypatch=monkeypatch)
    assert words == [("The reply is ready", "Green.")]


@pytest.mark.parametrize(
    "case", [{"wanted": False}, {"long_s": 60.0}, {"active": True}], ids=lambda c: next(iter(c))
)
def test_nobody_is_told_what_they_see_or_do_not_want(desk, said, monkeypatch, case):
    assert answered(desk, said, monkeypatch=monkeypatch, **case) == []


def test_a_reply_written_again_is_announced_too(desk, said, monkeypatch):
    monkeypatch.setattr(type(desk.window), "isActiveWindow", lambda _: False)
    notice = Notice(desk.bridge, desk.window, lambda: True, lambda *words: said.append(words), 0.0)
    chat = desk.chat("Tea", "Which tea?")
    reply = desk.db.write(
        lambda tx: messages.start_reply(tx, chat.id, messages.active_leaf(tx, chat.id))
    ).result(5)
    desk.bridge.post(BranchChanged(conversation=chat.id))
    said_so_far = {"text": "Green.", "reasoning": "", "text_at": 0, "reasoning_at": 0}
    desk.bridge.post(ReplyDelta(conversation=chat.id, reply=reply.id, **said_so_far))
    desk.settle()
    desk.end_reply(reply, "Green.")
    notice.deleteLater()
    assert said == [("The reply is ready", "Green.")]
