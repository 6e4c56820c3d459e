"""Which bytes are there, and which connection fetches which of the missing ones."""

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.core.downloads import RemoteFile
from app.hub.part import Part
from app.hub.plan import Piece, Plan
from app.hub.spans import Spans

MIB = 1 << 20
ranges = st.tuples(st.booleans(), st.integers(0, 60), st.integers(0, 60))


@given(st.lists(ranges, max_size=12))
def test_a_set_of_bytes(steps: list[tuple[bool, int, int]]) -> None:
    spans, model = Spans(), set[int]()
    for adds, start, stop in steps:
        if adds:
            spans.add(start, stop)
            model |= set(range(start, stop))
        else:
            spans.remove(start, stop)
            model -= set(range(start, stop))
    assert {at for low, high in spans for at in range(low, high)} == model
    assert spans.total == len(model)
    assert spans.frontier == next(at for at in range(61) if at not in model)
    assert {at for low, high in spans.gaps(61) for at in range(low, high)} == set(range(61)) - model
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(set(edges))  # in order, none empty, no two touch


def plan_of(tmp_path: Path, size: int) -> tuple[Plan, Part]:
    part = Part(tmp_path / "m.gguf", RemoteFile("", size, sha256="a" * 64))
    return Plan(part), part


def test_one_connection_takes_all_that_is_missing(tmp_path: Path) -> None:
    plan, part = plan_of(tmp_path, 100 * MIB)
    part.got(0, 10 * MIB)
    part.got(50 * MIB, 60 * MIB)
    piece = plan.take()
    assert piece
    assert (piece.start, piece.stop) == (10 * MIB, 50 * MIB)
    assert plan.take() is None


def test_one_that_joins_takes_over_what_comes_later(tmp_path: Path) -> None:
    plan, _ = plan_of(tmp_path, 100 * MIB)
    first = plan.take()
    assert first
    plan.advance(first, 20 * MIB)
    plan.share(2, 4 * MIB)
    second = plan.take()
    assert second
    assert first.at < first.stop == second.start
    assert second.stop <= 100 * MIB


def test_pieces_never_overlap_and_cover_everything(tmp_path: Path) -> None:
    rng = random.Random(4)
    for _ in range(50):
        size = rng.randrange(1, 40 * MIB)
        plan, part = plan_of(tmp_path, size)
        running: list[Piece] = []
        written = Spans()
        while part.received < size:
            plan.share(rng.randint(1, 4), rng.random() * 8 * MIB)
            if piece := plan.take():
                running.append(piece)
            piece = rng.choice(running)
            at, mine = piece.at, plan.advance(piece, rng.randrange(1, 4 * MIB))
            before = written.total
            written.add(at, at + mine)
            assert written.total == before + mine, "a byte was fetched twice"
            part.got(at, at + mine)
            if piece.at == piece.stop or rng.random() < 0.1:
                plan.give_back(piece)
                running.remove(piece)
        assert list(written) == [(0, size)]
