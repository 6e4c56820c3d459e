"""A process that talks until winds come, and says line by line what must survive its death.

`python winding_app.py DATABASE [careless]`. Careless is the deliberate bug: a wind takes the old
segments away in one transaction and stores the new one in another.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from app.chat import wind
from app.chat.events import ChatEvent, MessageAdded, ReplyFinished, WindFinished, WindStarted
from app.core.protocol import Generate
from app.core.settings import WindSettings
from app.storage import segments
from app.storage.database import Database, Tx
from app.storage.segments import Segment
from tests.chat.conftest import Chat, WordModel

CTX = 1024
SUMMARY = "- They spoke of boxes and of what is in them. " * 6


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def answer(request: Generate) -> str:
    asks = request.messages[-1].text.startswith(("Summarize", "These are notes"))
    if asks:
        say("summarising")
    return SUMMARY if asks else "Noted. " + "indeed " * 12


def question(number: int) -> str:
    return f"Fact number {number}: box {number} holds {number * 7} marbles. " + "filler " * 60


def tell(event: ChatEvent) -> None:
    match event:
        case MessageAdded(message=stored) if stored.message.role == "user":
            say(f"sent {stored.id}")
        case ReplyFinished(message=stored):
            say(f"finished {stored.id}")
        case WindStarted():
            say("wind")
        case WindFinished(segment=Segment() as segment):
            say(f"segment {segment.id}")
        case _:
            pass


class Telling(Chat):
    def post(self, event: ChatEvent) -> None:
        super().post(event)
        tell(event)


def careless(tx: Tx, plan: object, standing: Sequence[Segment]) -> Segment:
    """Only where something is taken in; the order is the bug."""
    gone = [s for s in plan.weighed.composition.segments if s not in standing]  # pyright: ignore
    for old in gone:
        segments.undo(tx, old.id)
    if gone:
        tx.commit()
        say("between")
        time.sleep(0.05)
        tx.begin(writing=True)
    new = [s for s in standing if s.id == wind.UNSTORED]
    stored = [
        segments.add(
            tx,
            s.conversation_id,
            s.first_message_id,
            s.last_message_id,
            s.text,
            tokens=s.tokens,
            ledger=s.ledger,
        )
        for s in new
    ]
    return stored[-1]


def main() -> None:
    db = Database(Path(sys.argv[1]))
    if "careless" in sys.argv:
        wind._store = careless  # pyright: ignore
    model = WordModel(CTX)
    model.reply = answer
    chat = Telling(db, model, WindSettings())
    conversation = chat.turns.start(question(0)).result()
    number = 1
    while True:
        chat.wait_for(ReplyFinished, number)
        chat.settle()
        chat.turns.send(conversation, question(number))
        number += 1


if __name__ == "__main__":
    main()
