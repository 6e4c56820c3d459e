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


def test_a_long_clause_is_cut_around_its_value() -> None:
    (entry,) = ledger.extract("word " * 100 + "the code is K7-33B " + "word " * 100, HERE)
    assert "K7-33B" in entry.text
    assert len(entry.text) < 260
