"""What a conversation still knows after many winds: in the very prompt that is asked."""

import random

import pytest

from app.chat.events import ReplyFinished, WindFinished
from app.cli.bench_facts import FIRST, SECOND, Fact, small_talk
from app.core.protocol import Generate
from app.core.settings import WindSettings
from app.storage.database import Database

from .conftest import Chat, WordModel


def say_little(request: Generate) -> str:
    """A model that summarises badly: the facts must not depend on it."""
    if request.messages[-1].text.startswith(("Summarize", "These are notes")):
        return "- They talked about this and that for a good while."
    return "I see, that is good to know. " * 6


@pytest.mark.parametrize("facts", [FIRST, SECOND], ids=["first", "second"])
def test_after_ten_winds_the_facts_are_in_the_prompts_that_ask_for_them(
    db: Database, facts: tuple[Fact, ...]
) -> None:
    chat = Chat(db, WordModel(4096), WindSettings())
    chat.model.reply = say_little
    dice = random.Random(7)
    try:
        conversation = chat.turns.start("Hello, let us begin.").result()
        turns = 1
        chat.wait_for(ReplyFinished, turns)
        everything = [fact.said for fact in facts] + [small_talk(dice, 160) for _ in range(90)]
        dice.shuffle(everything)
        for text in everything:
            chat.turns.send(conversation, text)
            turns += 1
            chat.wait_for(ReplyFinished, turns)
            chat.settle()
        assert len(chat.wait_for(WindFinished)) >= 10
        missing: list[str] = []
        for fact in facts:
            chat.turns.send(conversation, fact.question)
            turns += 1
            chat.wait_for(ReplyFinished, turns)
            asked = chat.last_asked()
            found = any(fact.answer in m.text for m in asked.messages)
            chat.settle()
            if not found:
                missing.append(f"{fact.said} -> {fact.question}")
        assert len(missing) <= len(facts) * 0.05, missing
    finally:
        chat.close()
