"""What the wind must show, measured with a real engine; ratios within one run."""

import os
import statistics
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.cli.bench_facts import FIRST, SECOND
from app.cli.bench_memory import remember
from app.cli.bench_plots import utilization_svg
from app.cli.bench_wind import measure
from app.core.settings import WindSettings

CTX = 2048
INSTRUCTIONS = 400  # tokens: the wishes of a summary and of a merge, in the tiny model's alphabet


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """The bench sets these for its own process; here they must not outlive the test."""
    monkeypatch.setenv("LLAMA_CHAT_HOME", str(home))
    monkeypatch.setenv("LLAMA_CHAT_N_CTX", str(CTX))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_wind_costs_the_same_each_time_and_the_turn_after_it_does_not_wait(
    tiny_model: Path,
) -> None:
    figures = measure(tiny_model, 45, CTX)
    prefilled = figures["prefilled_per_wind"]
    assert len(prefilled) >= 8
    assert max(prefilled) <= CTX * WindSettings().target + INSTRUCTIONS
    usual = statistics.median(prefilled[1:])
    assert max(prefilled[1:]) <= 1.5 * usual  # one that merges, among many that do not
    assert statistics.mean(prefilled[8:]) <= 1.2 * statistics.mean(prefilled[1:8])
    assert figures["longest_prompt"] <= figures["limit"]
    assert max(figures["utilization"]) <= 1
    medians = {kind: statistics.median(ms) for kind, ms in figures["first_token_ms"].items() if ms}
    assert medians["after_wind"] <= 1.2 * medians["normal"] < medians["prefilled_again"]
    assert medians["oldest_dropped"] > medians["normal"]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("facts", [FIRST, SECOND], ids=["first", "second"])
def test_after_ten_winds_an_engine_is_told_the_facts_it_is_asked_for(
    starter: Path, facts: tuple[object, ...]
) -> None:
    assert os.environ["LLAMA_CHAT_N_CTX"] == str(CTX)
    found = remember(starter, facts)  # type: ignore[arg-type]
    assert found.winds >= 10
    assert found.share >= 0.95, found.missing


def test_the_sets_are_forty_facts_of_eight_kinds() -> None:
    for facts in (FIRST, SECOND):
        kinds = [fact.kind for fact in facts]
        assert len(facts) == 40
        assert {kinds.count(kind) for kind in kinds} == {5}
        assert all(fact.answer in fact.said and fact.answer not in fact.question for fact in facts)


def test_the_plot_is_an_image() -> None:
    picture = ElementTree.fromstring(utilization_svg([0.1, 0.7, 0.35]))
    assert picture.tag.endswith("svg")
    assert ElementTree.fromstring(utilization_svg([0.2])) is not None
