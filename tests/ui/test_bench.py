"""The window's benchmark: every case runs, and what is reported is a relation."""

import pytest

from app.cli import bench_ui
from app.ui.bench.rendering import Ours, Peer, measure


def test_both_transcripts_do_the_same_work(qtbot) -> None:
    ours, peer = Ours(), Peer()
    qtbot.addWidget(ours.view)
    qtbot.addWidget(peer.view)
    found, other = measure(ours, 4, streaming=False), measure(peer, 4, streaming=False)
    assert found.keys() == other.keys()
    assert {"first paint, ms", "page, p99 ms", "resize step, ms"} <= found.keys()
    assert all(value > 0 for name, value in found.items() if name.endswith("ms"))


def test_figures_become_relations(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = {"ours": 2.0, "browsers": 100.0, "start": 300.0, "bare": 100.0, "fill": 1.0}
    monkeypatch.setattr(
        bench_ui, "_in_own_process", lambda kind, argument="": {"start, ms": costs[kind]}
    )
    report = bench_ui.measure_all()
    assert report["2,000 messages, times cheaper"] == {"start, ms": 50.0}
    assert report["start, times a bare window"] == {"start, ms": 3.0}
    said = [line.split() for line in bench_ui.lines(report)]
    assert ["start,", "ms", "50.00"] in said
