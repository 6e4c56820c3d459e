"""A wind where the cells hold one full chat and no more: the old prompt makes way and is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.errors import ContextLimitExceeded
from app.core.protocol import ModelSpec
from app.engine.llama.model import Model
from tests.engine.rig import Rig, loaded

CTX = 512
SYSTEM = [40 + index for index in range(40)]
OLD = [*SYSTEM, *(200 + index % 90 for index in range(400))]
NEW = [*SYSTEM, *(900 + index % 70 for index in range(140))]
CHAT = {"session": "chat"}
ASIDE = CHAT | {"priority": "background"}


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Iterator[Model]:
    with loaded(tiny_model) as model:
        yield model


@pytest.fixture
def tight(model: Model) -> Iterator[Rig]:
    spec = ModelSpec(path=model.path, chat_ctx=CTX, parallel=1, threads=1, cache_ram_bytes=64 << 20)
    rig = Rig(model, spec, short_ctx=CTX)
    assert rig.engine.cache.sequences.cells == CTX
    yield rig
    rig.close()


def wind(rig: Rig) -> None:
    summary = rig.reply("summary", [*OLD, *range(700, 740)], max_tokens=16, **ASIDE)
    assert summary.reused_tokens == len(OLD)  # a fork of what stands there
    rig.reply("prime", NEW, max_tokens=0, **ASIDE)


def test_the_new_prompt_takes_the_place_of_the_old_one(tight: Rig) -> None:
    tight.reply("turn", OLD, **CHAT)
    wind(tight)
    after = tight.reply("after", [*NEW, 5, 6], **CHAT)
    assert (after.reuse, after.reused_tokens) == ("own", len(NEW))
    tight.assert_mirror_is_true()


def test_the_old_prompt_is_kept_aside_for_who_speaks_before_the_swap(tight: Rig) -> None:
    tight.reply("turn", OLD, **CHAT)
    wind(tight)
    spoke = tight.reply("early", [*OLD, 5, 6], **CHAT)
    assert spoke.reuse == "ram"
    assert len(OLD) - spoke.reused_tokens < 256  # whole chunks are kept
    tight.assert_mirror_is_true()


def test_a_new_message_takes_the_cells_from_a_prime_that_still_runs(tight: Rig) -> None:
    tight.reply("turn", OLD, **CHAT)
    prime = tight.submit("prime", NEW, max_tokens=0, **ASIDE)
    tight.step()
    assert prime in tight.engine.scheduler.running
    message = tight.reply("early", [*OLD, 5, 6], **CHAT)
    assert prime.id not in tight.ends
    assert message.reuse == "ram"
    tight.finish(prime)
    assert tight.ends[prime.id]
    tight.assert_mirror_is_true()


def test_a_summary_that_no_cell_is_left_for_is_refused_at_once(tight: Rig) -> None:
    """It would wait for room that never comes, and the engine with it."""
    with pytest.raises(ContextLimitExceeded):
        tight.submit("summary", [*OLD, *range(700, 790)], max_tokens=16, **ASIDE)
