"""The pool over the real engine with the tiny model: the two halves fit."""

from pathlib import Path

import pytest

from app.core.ids import new_request_id
from app.core.protocol import Tokenize, Tokenized
from app.workers.pool import Pool
from tests.workers.asking import Until, chat, load_tiny, submit
from tests.workers.conftest import MakePool


@pytest.fixture
def real_pool(make_pool: MakePool, tiny_model: Path) -> Pool:
    pool = make_pool(launch=None)
    load_tiny(pool, tiny_model)
    return pool


def test_a_real_engine_answers_and_accounts(real_pool: Pool) -> None:
    answer = chat(real_pool, "hello")
    stats = answer.finished().stats
    assert stats.completion_tokens == answer.tokens == 16
    assert stats.prompt_tokens > 0
    assert answer.text


def test_the_second_turn_of_a_session_reuses_the_first(real_pool: Pool) -> None:
    first = chat(real_pool, "a long enough first message to be kept", "s").finished().stats
    again = chat(real_pool, "a long enough first message to be kept", "s").finished().stats
    assert again.reused_tokens >= first.prompt_tokens - 1


def test_stop_mid_reply(real_pool: Pool) -> None:
    answer = chat(real_pool, "count", max_tokens=1500)
    answer.wait_for_tokens(5)
    real_pool.cancel(answer.id)
    assert answer.finished().reason == "cancelled"
    assert answer.tokens < 1500


def test_questions_about_text_are_answered(real_pool: Pool) -> None:
    end = submit(real_pool, Tokenize(request_id=new_request_id(), text="hello")).end()
    assert isinstance(end, Tokenized)
    assert end.tokens


def test_the_account_of_a_request_and_of_its_worker(real_pool: Pool) -> None:
    answer = chat(real_pool, "hello")
    finished = answer.finished()
    Until.ticks(real_pool, 2)
    state = real_pool.state
    (request,) = state.recent
    assert (request.request_id, request.outcome) == (answer.id, "length")
    assert request.stats == finished.stats
    assert 0 <= request.pool_ms <= request.first_ms <= request.total_ms
    assert (state.totals.finished, state.totals.tokens) == (1, 16)
    (worker,) = state.workers
    assert (worker.phase, worker.roles, worker.requests) == ("ready", ("chat",), 0)
    assert worker.weights_bytes > 1_000_000


def test_two_workers_of_one_model_say_the_same(make_pool: MakePool, tiny_model: Path) -> None:
    pool = make_pool(launch=None)
    load_tiny(pool, tiny_model, workers=2)
    first, second = chat(pool, "hello", "a"), chat(pool, "hello", "b")
    first.finished()
    second.finished()
    assert first.text == second.text
    Until.ticks(pool, 2)
    assert {each.worker for each in pool.state.recent} == {"w1", "w2"}
