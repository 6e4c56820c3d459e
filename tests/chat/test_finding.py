"""Search by words and by meaning: both together, and only the newest question is answered."""

from concurrent.futures import CancelledError

import pytest

from app.chat.finding import Finding
from app.chat.meaning import Meaning
from app.chat.sense import Senses, floor
from app.storage import folders
from app.storage.database import Database

from .embedding_app import MODEL, Encoder, sense
from .test_embedding import say


@pytest.fixture
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def finding(db: Database, encoder: Encoder) -> Finding:
    say(db, "We rented a cottage near the sea.")
    say(db, "Taxes are due in May.")
    meaning = Meaning(db, encoder, lambda: MODEL)
    meaning.catch_up()
    meaning._thread.submit(lambda: None).result(20)  # pyright: ignore
    meaning.close()
    encoder.asked.clear()
    return Finding(db, Senses(encoder, lambda: MODEL))


def test_what_shares_no_word_is_found_beside_what_does(finding: Finding) -> None:
    assert finding.by_words("overseas").result().groups == ()
    both = finding.by_meaning("overseas").result(5)
    assert both is not None
    assert [hit.snippet.text for group in both.groups for hit in group.hits] == [
        "We rented a cottage near the sea."
    ]
    assert both.groups[0].hits[0].meant


def test_only_the_words_of_a_question_are_asked_about(
    finding: Finding, encoder: Encoder, db: Database
) -> None:
    db.write(lambda tx: folders.create(tx, "Trips")).result()
    assert finding.by_meaning('in:trips role:user "the sea" holidays').result(5) is None
    assert encoder.asked[0].texts[0] == "the sea holidays"
    assert {request.priority for request in encoder.asked} == {"interactive"}


def test_filters_alone_have_no_meaning(finding: Finding, encoder: Encoder) -> None:
    assert finding.by_meaning("role:user").result(5) is None
    assert encoder.asked == []


def test_what_is_far_from_the_question_is_not_found(finding: Finding) -> None:
    assert finding.by_meaning("over the sea and far away") is not None
    found = finding.by_meaning("sea").result(5)
    assert found is not None
    assert len(found.groups) == 1


def test_who_types_on_gets_the_newer_answer_alone(db: Database, encoder: Encoder) -> None:
    encoder.holds = True
    finding = Finding(db, Senses(encoder, lambda: MODEL))
    first, second = finding.by_meaning("se"), finding.by_meaning("sea")
    encoder.release()
    with pytest.raises(CancelledError):
        first.result(5)
    assert second.result(5) is None  # nothing is there to be found
    assert encoder.cancelled == [encoder.asked[0].request_id]


def test_without_senses_words_alone_decide(db: Database) -> None:
    assert Finding(db, None).by_meaning("sea").result(5) is None


def test_a_model_is_asked_once_where_its_meaning_begins(encoder: Encoder) -> None:
    senses = Senses(encoder, lambda: MODEL)
    first, second = senses.of("sea").result(5), senses.of("sea").result(5)
    assert first == second
    assert len(encoder.asked[0].texts) > 1
    assert len(encoder.asked[1].texts) == 1


def test_models_that_find_everything_alike_get_a_higher_floor() -> None:
    apart = floor([sense("sea"), sense("land"), sense("sea"), sense("land")])
    alike = floor([sense("land")] * 4)
    assert 0 < apart < alike < 1
