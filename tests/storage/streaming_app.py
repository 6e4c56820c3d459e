"""A process that streams replies into a database and says, line by line, what is acknowledged.

`python streaming_app.py DATABASE [careless]`: after each commit it prints what must survive.
Careless is the deliberate bug: it acknowledges before the write has happened, and keeps a
streaming reply in memory until it ends.
"""

import sys
import time
from pathlib import Path

from app.core.ids import ConversationId, MessageId
from app.core.messages import Message
from app.storage import conversations, messages
from app.storage.database import Database, Tx

_TOKEN_S = 0.002
_FLUSH_S = 0.05  # the app flushes every second; here time runs faster


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def turn(db: Database, chat: ConversationId, number: int, careless: bool) -> None:
    def ask(tx: Tx) -> tuple[MessageId, MessageId]:
        leaf = messages.active_leaf(tx, chat)
        asked = messages.add(tx, chat, leaf, Message(role="user", content=f"question {number}"))
        return asked.id, messages.start_reply(tx, chat, asked.id).id

    if careless:
        say(f"sent question {number}")
        time.sleep(_FLUSH_S)
    _, reply = db.write(ask).result()
    if not careless:
        say(f"sent question {number}")
    text, flushed = "", time.monotonic()
    for token in range(200):
        text += f"word{number}x{token} "
        say(f"streamed {number} {len(text)}")
        if not careless and time.monotonic() - flushed > _FLUSH_S:
            db.write(lambda tx, text=text: messages.save_partial(tx, reply, text)).result()
            flushed = time.monotonic()
        time.sleep(_TOKEN_S)
    db.write(lambda tx: messages.finish_reply(tx, reply, text)).result()
    say(f"finished {number}")


def main() -> None:
    db = Database(Path(sys.argv[1]))
    careless = "careless" in sys.argv
    chat = db.write(lambda tx: conversations.create(tx, "chat")).result().id
    say("ready")
    number = 0
    while True:
        turn(db, chat, number, careless)
        number += 1


if __name__ == "__main__":
    main()
