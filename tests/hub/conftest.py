"""A hub on loopback for each test that asks, and a client that leaves nothing open."""

from collections.abc import Iterator

import httpx2
import pytest

from scripts.hub_stand_in import StandIn


@pytest.fixture
def hub() -> Iterator[StandIn]:
    with StandIn().serving() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client() as client:
        yield client
