"""What a conversation still knows after many winds: in the very prompt that is asked."""

import random

from app.chat.events import ReplyFinished, WindFinished
from app.core.protocol import Generate
from app.core.settings import WindSettings
from app.storage.database import Database

from .conftest import Chat, WordModel
from .facts import FACTS

SMALL_TALK = (
    "Let us talk about something else for a while, the weather has been strange lately. ",
    "Do you think old houses are better than new ones, and why would that be so? ",
    "Tell me a story about a lighthouse keeper and a very patient bird. ",
    "What makes a good soup, apart from time and a good pot to cook it in? ",
)


def say_little(request: Generate) -> str:
    """A model that summarises badly: the facts must not depend on it."""
    if request.messages[-1].text.startswith(("Summarize", "These are notes")):
        return "- They talked about this and that for a good while."
    return "I see, that is good to know. " * 6


def test_after_ten_winds_the_facts_are_in_the_prompts_that_ask_for_them(db: Database) -> None:
    chat = Chat(db, WordModel(4096), WindSettings())
    chat.model.reply = say_little
    dice = random.Random(7)
    try:
        conversation = chat.turns.start("Hello, let us begin.").result()
        turns = 1
        chat.wait_for(ReplyFinished, turns)
        said = [fact for _, fact, _, _ in FACTS]
        small = [dice.choice(SMALL_TALK) * 12 for _ in range(160)]
        everything = said + small
        dice.shuffle(everything)
        for text in everything:
            chat.turns.send(conversation, text)
            turns += 1
            chat.wait_for(ReplyFinished, turns)
            chat.settle()
        assert len(chat.wait_for(WindFinished)) >= 10
        missing: list[str] = []
        for _, fact, question, answer in FACTS:
            chat.turns.send(conversation, question)
            turns += 1
            chat.wait_for(ReplyFinished, turns)
            chat.settle()
            asked = [r for r in chat.model.asked if r.priority == "interactive"][-1]
            if not any(answer in message.text for message in asked.messages):
                missing.append(fact)
        assert len(missing) <= len(FACTS) * 0.05, missing
    finally:
        chat.close()
