"""A run that was ended goes on as if nothing had happened, from a network born to copy. Needs
PyTorch, as training does."""

from pathlib import Path
from random import Random

import pytest

torch = pytest.importorskip("torch")

from scripts.starter import network, train  # noqa: E402
from scripts.starter.network import Shape, Starter  # noqa: E402
from scripts.starter.train import Run  # noqa: E402
from scripts.starter.vocabulary import Vocabulary  # noqa: E402
from scripts.starter.wiring import wire  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SMALL = Shape(inner=64)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A small run of few short steps in a folder of its own."""
    monkeypatch.setattr(train, "_LESSONS", 12)
    monkeypatch.setattr(train, "_STEP_TOKENS", 1600)
    torch.set_num_threads(1)

    def begin(name: str) -> Run:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        Vocabulary([]).save(folder / "vocabulary.json")
        return Run(folder, 1, SMALL, "cpu")

    return begin


def test_an_ended_run_goes_on_as_one_that_was_not(run) -> None:
    whole = run("whole")
    whole.train(5_000, 10, 0)
    first = run("parts")
    first.train(5_000, 0.0001, 0)
    assert 0 < first.place.tokens < whole.place.tokens
    second = run("parts")
    assert second.place == first.place
    second.train(5_000, 10, 0)
    assert second.place == whole.place
    for mine, theirs in ((second.model, whole.model), (second.average, whole.average)):
        for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(one, other)


def test_choosing_positions_changes_nothing_but_the_cost() -> None:
    torch.manual_seed(0)
    model = Starter(SMALL)
    for block in model.blocks:
        block.out.data.normal_(0, 0.05)
        block.down.data.normal_(0, 0.05)
    ids = torch.randint(0, 300, (2, 40))
    chosen = torch.tensor([1, 7, 41, 79])
    assert torch.allclose(model(ids).flatten(0, 1)[chosen], model(ids, chosen), atol=1e-4)


def test_a_new_network_finds_the_letter_of_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[torch.Tensor] = []

    def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        later = torch.full((q.shape[-2], k.shape[-2]), float("-inf")).triu(1)
        looked.append((q @ k.mT * q.shape[-1] ** -0.5 + later).softmax(-1))
        return looked[-1] @ v

    monkeypatch.setattr(network, "_attention", attention)
    rng, ids = Random(1), list[int]()
    newline, dash, letters = 1, 2, range(3, 9)
    notes = {letter: [rng.randrange(20, 3000) for _ in range(6)] for letter in letters}
    for letter, said in notes.items():
        ids += [newline, dash, letter, *said]
    asked = [rng.choice(said) for said in notes.values()]
    torch.manual_seed(1)
    model = Starter(Shape())
    wire(model, newline, dash)
    model(torch.tensor([[*ids, newline, *asked]]))
    of_note = [looked[1][0, 2, ids.index(each)].argmax() for each in asked]
    assert [ids[at] for at in of_note] == [*letters]
    followed = [looked[2][0, 2, len(ids) + 1 + n].argmax() for n in range(len(asked))]
    assert sum(at == ids.index(each) + 1 for at, each in zip(followed, asked, strict=True)) >= 5
