"""Events and answers cross to the main thread, in order, and stop when the window has gone."""

import threading
from concurrent.futures import Future

from PySide6.QtCore import QObject, QThread

from app.chat.events import ConversationChanged
from app.core.ids import ConversationId
from app.ui.bridge import Answers, Bridge


def test_events_from_other_threads_arrive_in_order_on_the_main_thread(qtbot):
    bridge, seen, threads = Bridge(), [], set()

    def take(event):
        seen.append(event.conversation)
        threads.add(QThread.currentThread())

    bridge.arrived.connect(take)

    def post():
        for number in range(100):
            bridge.post(ConversationChanged(conversation=ConversationId(number)))

    thread = threading.Thread(target=post)
    thread.start()
    thread.join()
    assert seen == []
    qtbot.waitUntil(lambda: len(seen) == 100, timeout=2000)
    assert seen == list(range(100))
    assert threads == {bridge.thread()}


def test_a_closed_bridge_delivers_nothing_more(qtbot):
    bridge, seen = Bridge(), []
    bridge.arrived.connect(seen.append)
    bridge.close()
    bridge.post(ConversationChanged(conversation=ConversationId(1)))
    qtbot.wait(10)
    assert seen == []


def test_answers_bring_results_and_failures(qtbot):
    owner, results, failures = QObject(), [], []
    answers = Answers(owner)
    good, bad, given_up = Future(), Future(), Future()
    for future in (good, bad, given_up):
        answers.take(future, results.append, failures.append)
    given_up.cancel()
    threading.Thread(target=lambda: good.set_result(7)).start()
    error = ValueError("no")
    bad.set_exception(error)
    qtbot.waitUntil(lambda: results == [7] and failures == [error], timeout=2000)
