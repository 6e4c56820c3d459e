"""A run that was ended goes on as if nothing had happened. Needs PyTorch, as training does."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from scripts.starter import train  # noqa: E402
from scripts.starter.network import Shape, Starter  # noqa: E402
from scripts.starter.train import Place, Run  # noqa: E402
from scripts.starter.vocabulary import Vocabulary  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SMALL = Shape(width=128, layers=2, heads=2, inner=64)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A small run of few short steps in a folder of its own."""
    monkeypatch.setattr(train, "_LESSONS", 12)
    monkeypatch.setattr(train, "_STEP_TOKENS", 1600)
    torch.set_num_threads(1)

    def begin(name: str, *, goes_on: bool = False) -> Run:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        Vocabulary([]).save(folder / "vocabulary.json")
        return Run(folder, 1, SMALL, "cpu", resume=folder / "last.pt" if goes_on else None)

    return begin


def test_an_ended_run_goes_on_as_one_that_was_not(run) -> None:
    whole = run("whole")
    whole.train(5_000, 0.5, 10, 0)
    first = run("parts")
    first.train(5_000, 0.5, 0.0001, 0)
    assert 0 < first.place.tokens < whole.place.tokens
    second = run("parts", goes_on=True)
    assert second.place == first.place
    second.train(5_000, 0.5, 10, 0)
    assert second.place == whole.place
    for mine, theirs in zip(second.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_longer_run_goes_on_from_before_the_fall(run) -> None:
    short = run("short")
    short.train(4_000, 0.5, 10, 0)
    kept = torch.load(short._folder / "before-fall.pt", weights_only=True)
    assert 1_500 < kept["place"]["tokens"] < short.place.tokens
    assert train.rate(Place(500, 3_000), 8_000, 0.5) == 1.0
    assert train.rate(Place(500, 6_000), 8_000, 0.5) == pytest.approx(0.5)


def test_choosing_positions_changes_nothing_but_the_cost() -> None:
    torch.manual_seed(0)
    model = Starter(SMALL)
    for block in model.blocks:
        block.out.data.normal_(0, 0.05)
        block.down.data.normal_(0, 0.05)
    ids = torch.randint(0, 300, (2, 40))
    chosen = torch.tensor([1, 7, 41, 79])
    assert torch.allclose(model(ids).flatten(0, 1)[chosen], model(ids, chosen), atol=1e-4)
