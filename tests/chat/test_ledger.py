import pytest

from app.chat import ledger
from app.core.ids import MessageId

HERE = MessageId(1)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("The budget is 4,200 EUR for the trip.", "number"),
        ("We meet on 14 March 2027 at 15:30.", "date"),
        ("The repo lives in /srv/data/project-x now.", "path"),
        ("See https://example.org/a?b=1 for more.", "url"),
        ("Set DB_PASSWORD_FILE before the start.", "code"),
        ('Her boss said "do it by Friday".', "quote"),
        ("My dog is called Waffle.", "name"),
        ("Please never use tabs!", "constraint"),
        ("My favourite colour is teal.", "self"),
    ],
)
def test_each_kind_of_fact_is_kept_word_for_word(said: str, kind: str) -> None:
    (entry,) = ledger.extract(said, HERE)
    assert (entry.kind, entry.text, entry.message_id) == (kind, said, HERE)


@pytest.mark.parametrize(
    "said", ["What is my budget of 4,200 EUR?", "Well then.", "", "yes and/or no"]
)
def test_questions_and_small_talk_state_nothing(said: str) -> None:
    assert ledger.extract(said, HERE) == []


def test_what_a_summary_adds_must_have_been_said_and_be_news() -> None:
    said = [
        (MessageId(3), "the boat from Zwolle arrives when the tide turns, pier 14"),
        (MessageId(4), "the tide turns at pier 14"),
        (MessageId(5), "Ok, K7-33B then."),
    ]
    known = ledger.extract(said[2][1], MessageId(5))
    summary = (
        "- The boat from Zwolle arrives at pier 14\n- The tide turns at pier 14\n"
        "- Captain Oduya meets it at pier 15\n- The code is K7-33B\n- They were glad"
    )
    added = ledger.confirmed(summary, said, known)
    assert [(entry.text, entry.message_id) for entry in added] == [
        ("The boat from Zwolle arrives at pier 14", 3),
    ]


def test_the_newest_value_wins_and_the_old_one_stays_as_history() -> None:
    old = ledger.extract("The budget is 4,200 EUR for the trip.", HERE)
    new = ledger.extract("The budget is now 5,000 EUR for the trip.", MessageId(2))
    (entry,) = ledger.merge(ledger.merge((), old), new)
    assert entry.text == "The budget is now 5,000 EUR for the trip."
    assert entry.history == ("The budget is 4,200 EUR for the trip.",)
    assert "before: The budget is 4,200 EUR" in ledger.line(entry)


def test_facts_about_different_things_stand_beside_each_other() -> None:
    facts = ledger.merge((), ledger.extract("Box A holds 3 pens. Shelf B carries 3 pens.", HERE))
    assert len(facts) == 2


def test_the_budget_keeps_constraints_first_and_then_the_newest() -> None:
    said = [f"Crate {'xyz'[n % 3]}{'abcdefgh'[n % 8]} weighs {n} kg in hall {n}." for n in range(9)]
    facts = ledger.merge((), ledger.extract("Never lift alone. " + " ".join(said), HERE))
    kept = ledger.fit(facts, 100)
    texts = [entry.text for entry in kept]
    assert texts[0] == "Never lift alone."
    assert texts[-1] == said[-1]
    assert sum(len(ledger.line(entry)) + 1 for entry in kept) <= 100


def test_wishes_do_not_push_everything_else_out() -> None:
    wishes = [f"Never put {w} into the soup." for w in "salt sugar flour milk eggs rice".split()]
    told = " ".join(wishes) + " The code of the gate is K7-33B."
    kept = ledger.fit(ledger.merge((), ledger.extract(told, HERE)), 160)
    assert [entry.text for entry in kept] == [*wishes[-3:], "The code of the gate is K7-33B."]


# Written down before the patterns that find them; of twenty more written afterwards, 7 are found.
WISHES = """\
Skip the introductions when you reply.
I'd like metric units throughout.
We have to be home before dark.
Gluten makes me ill, so nothing with wheat.
You should address my mother formally.
Under no circumstances mention the surprise party to Nadia.
The report needs to fit on two pages.
I hate bullet lists.
Stick to British spelling.
Let's keep this between us.
I cannot climb stairs.
Leave the footnotes alone.
My daughter isn't allowed sugar.
Nothing spicy for the kids.
I want every answer to come with a source.
We can't afford anything above the deposit.
It shouldn't take longer than an afternoon.
Without a lift the flat is no use to me.
Whenever I paste code, explain it line by line.
No calls after dinner, the baby sleeps.
"""
CHATTER = """\
The weather has been strange lately.
She finished the puzzle in an evening.
The train was late again.
Soup is better the next day.
They painted the fence green.
That sounds good to me.
We could go there some day.
There is a bakery on the corner.
I don't know what to say.
I can't believe how fast the week went.
No problem, thanks.
I have to admit that was funny.
Everyone wants to sleep longer.
He talked for a while without a pause.
She retired early and never looked back.
I want to give a toast.
We only walked around the block.
"""


@pytest.mark.parametrize("said", WISHES.splitlines())
def test_what_people_want_is_taken_for_a_wish(said: str) -> None:
    assert [entry.kind for entry in ledger.extract(said, HERE)] == ["constraint"]


@pytest.mark.parametrize("said", CHATTER.splitlines())
def test_what_people_tell_is_not(said: str) -> None:
    assert "constraint" not in {entry.kind for entry in ledger.extract(said, HERE)}


def test_a_long_clause_is_cut_around_its_value() -> None:
    (entry,) = ledger.extract("word " * 100 + "the code is K7-33B " + "word " * 100, HERE)
    assert "K7-33B" in entry.text
    assert len(entry.text) < 260
