"""The pool over the real engine with the tiny model: the two halves fit."""

from pathlib import Path

import pytest

from app.core.ids import SessionId, new_request_id
from app.core.messages import Message
from app.core.protocol import Generate, ModelSpec
from app.core.sampling import GREEDY
from app.workers.pool import Pool
from tests.workers.asking import Answer, submit
from tests.workers.conftest import MakePool


@pytest.fixture
def real_pool(make_pool: MakePool, tiny_model: Path) -> Pool:
    pool = make_pool(launch=None)
    answer = Answer()
    pool.load(tiny_spec(tiny_model), sink=answer)
    answer.loaded()
    return pool


def tiny_spec(model: Path) -> ModelSpec:
    return ModelSpec(path=str(model), chat_ctx=2048, threads=1)


def chat(pool: Pool, text: str, session: str = "", max_tokens: int = 16) -> Answer:
    return submit(
        pool,
        Generate(
            request_id=new_request_id(),
            session=SessionId(session),
            messages=(Message(role="user", content=text),),
            sampling=GREEDY,
            max_tokens=max_tokens,
            ignore_eos=True,
        ),
    )


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
