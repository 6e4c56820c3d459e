"""Pools that tests drive: on the scripted engine, or on the real one with the tiny model."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.workers.ledger import estimate
from app.workers.machine import Machine
from app.workers.pool import Pool
from app.workers.process import Launch
from app.workers.roster import Estimate
from app.workers.rules import Rules
from tests.workers import scripted

SCRIPTED = Launch(
    (sys.executable, scripted.__file__), {"PYTHONPATH": str(scripted.ROOT), "GOMP_SPINCOUNT": "1"}
)

MakePool = Callable[..., Pool]


@pytest.fixture
def make_pool(tmp_path: Path) -> Iterator[MakePool]:
    """Pools of scripted engines unless told otherwise; all of them are closed."""
    pools: list[Pool] = []

    def make(
        launch: Launch | None = SCRIPTED,
        machine: Machine | None = None,
        estimate: Estimate = estimate,
        **rules: Any,
    ) -> Pool:
        pool = Pool(
            log=tmp_path / "engine.log",
            rules=Rules(**rules),
            launch=launch,
            machine=machine,
            estimate=estimate,
        )
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        pool.close()


@pytest.fixture
def pool(make_pool: MakePool) -> Pool:
    return make_pool(silence_s=2.0)
