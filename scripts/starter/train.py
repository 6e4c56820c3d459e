"""Trains the starter: `python -m scripts.starter.train`, on a processor or a graphics card.

Everything follows from the seed: weights, lessons, their order. A run that was ended goes on from
its last checkpoint as if nothing had happened. What is used is the average of the last weights, so
no fall of the rate has to come first: a run may end anywhere, and a longer one goes on from there.
"""

import argparse
import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from scripts.starter import vocabulary
from scripts.starter.lessons import lesson
from scripts.starter.network import Shape, Starter, has_bfloat16
from scripts.starter.optimiser import Optimiser
from scripts.starter.vocabulary import Row, Vocabulary
from scripts.starter.wiring import wire

_LAST = "last.pt"
HOME = Path.home() / ".cache" / "llama-chat-starter"
_LONGEST = 1536  # tokens of a lesson
_GRAIN = 32  # lengths are padded to a multiple of this: few shapes, little waste
_LESSONS = 384  # in a shard
_SHORT_SHARDS = 12  # over which the share of short lessons falls to nothing
_STEP_TOKENS = 4096
_WARM_UP = 30
_HALVING = 500_000  # tokens that go by until the rate falls as the root of their number
_HELD = 1000  # steps in which the first heads look where they are wired to
_KEEP_EVERY_S = 180

_HINT = 0.1  # how much it counts that a note's words know its letter


@dataclass(frozen=True)
class Place:
    """Where a run is in its endless line of lessons."""

    step: int = 0
    tokens: int = 0
    shard: int = 0
    batch: int = 0


def shard(words: Vocabulary, seed: int, number: int) -> list[list[Row]]:
    """Batches of rows that are about as long as each other."""
    easy = max(0.0, 0.8 - number / _SHORT_SHARDS)
    made = (lesson(seed, number * _LESSONS + i, easy=easy) for i in range(_LESSONS))
    rows = [row for row in map(words.conversation, made) if len(row.ids) - 1 <= _LONGEST]
    rows.sort(key=lambda row: len(row.ids), reverse=True)
    batches: list[list[Row]] = []
    while rows:
        most = _STEP_TOKENS // _padded(len(rows[0].ids) - 1)
        batches.append(rows[:most])
        rows = rows[most:]
    Random(f"{seed}/order/{number}").shuffle(batches)
    return batches


def _padded(length: int) -> int:
    return -(-length // _GRAIN) * _GRAIN


def shards(words: Vocabulary, seed: int, first: int, helpers: int) -> Iterator[list[list[Row]]]:
    """One after another; with helpers, made ahead of their turn in processes of their own."""
    if not helpers:
        yield from (shard(words, seed, number) for number in count(first))
        return
    with ProcessPoolExecutor(helpers, get_context("spawn")) as pool:
        ahead = deque(pool.submit(shard, words, seed, first + n) for n in range(2 * helpers))
        for number in count(first + len(ahead)):
            yield ahead.popleft().result()
            ahead.append(pool.submit(shard, words, seed, number))


def batches(
    words: Vocabulary, seed: int, place: Place, helpers: int = 0
) -> Iterator[tuple[Place, list[Row]]]:
    """From `place` on; each with the place behind it."""
    first, step, tokens = place.batch, place.step, place.tokens
    ready = shards(words, seed, place.shard, helpers)
    for number, made in enumerate(ready, place.shard):
        for index, rows in enumerate(made):
            if index < first:
                continue
            step, tokens = step + 1, tokens + sum(len(row.ids) for row in rows)
            yield Place(step, tokens, number, index + 1), rows
        first = 0


def tensors(rows: list[Row], end: int) -> tuple[Tensor, Tensor, Tensor]:
    length = _padded(max(len(row.ids) for row in rows) - 1) + 1
    ids = torch.full((len(rows), length), end)
    worth, notes = torch.zeros(len(rows), length), torch.zeros(len(rows), length, dtype=torch.long)
    for at, row in enumerate(rows):
        size = len(row.ids)
        ids[at, :size] = torch.tensor(row.ids)
        worth[at, :size] = torch.tensor(row.worth)
        notes[at, :size] = torch.tensor(row.notes)
    return ids, worth, notes


def loss_of(
    model: Starter, letters: Tensor, ids: Tensor, worth: Tensor, notes: Tensor
) -> tuple[Tensor, float]:
    """The weighted loss with its hints, and that of the assistant's tokens alone."""
    expected, worth = ids[:, 1:].reshape(-1), worth[:, 1:].reshape(-1)
    chosen = (worth > 0).nonzero()[:, 0]
    between: list[Tensor] = []
    with torch.autocast(ids.device.type, torch.bfloat16, enabled=has_bfloat16()):
        logits = model(ids[:, :-1], chosen, between)
    losses = cross_entropy(logits.float(), expected[chosen], reduction="none")
    worth = worth[chosen]
    said = losses.detach()[worth > 0.5]
    loss = (losses * worth).sum() / worth.sum()
    notes = notes[:, :-1]
    known = hint(model, letters, between[1], notes.clamp(min=0), notes >= 0)
    asked = hint(model, letters, between[2], -notes, notes < 0)
    return loss + _HINT * (known + asked), said.mean().item()


def hint(model: Starter, letters: Tensor, x: Tensor, notes: Tensor, at: Tensor) -> Tensor:
    """How far words are from saying the letter of their note, or that they are in none."""
    if not at.any():
        return x.new_zeros(())
    logits = linear(model.last(x[at]), model.embedding[letters])
    return cross_entropy(logits.float(), notes[at])


def rate(place: Place) -> float:
    """Of how far the run has come only, so that it can end, and go on, anywhere."""
    return min(1.0, place.step / _WARM_UP) * (1 + place.tokens / _HALVING) ** -0.5


class Run:
    """One training run, which goes on from the checkpoint in its folder when there is one."""

    def __init__(self, folder: Path, seed: int, shape: Shape, device: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._seed, self._device = folder, seed, device
        self.words = _words(folder, seed)
        torch.manual_seed(seed)
        self.model = Starter(shape).to(device)
        self._look = wire(self.model, *self.words.encode("\n-"))
        self.average = Starter(shape).to(device)
        self.average.load_state_dict(self.model.state_dict())
        self._optimiser = Optimiser(self.model)
        self.place = Place()
        if (folder / _LAST).exists():
            kept = torch.load(folder / _LAST, weights_only=True, map_location=device)
            self.model.load_state_dict(kept["model"])
            self.average.load_state_dict(kept["average"])
            self._optimiser.restore(kept["optimiser"])
            self.place = Place(**kept["place"])

    def train(self, total: int, minutes: float, helpers: int) -> None:
        began = kept = time.monotonic()
        recent, first = 0.0, self.place.tokens
        lessons = batches(self.words, self._seed, self.place, helpers)
        letters = torch.tensor([self.words.end, *self.words.letters], device=self._device)
        while self.place.tokens < total and time.monotonic() - began < minutes * 60:
            place, rows = next(lessons)
            made = (each.to(self._device) for each in tensors(rows, self.words.end))
            loss, said = loss_of(self.model, letters, *made)
            loss.backward()
            self._optimiser.step(rate(place))
            if place.step <= _HELD:
                self._look()
            self.place = place
            self._remember()
            recent = recent * 0.98 + said * 0.02 if recent else said
            if place.step % 20 == 0:
                speed = (place.tokens - first) / (time.monotonic() - began)
                print(
                    f"step {place.step} tokens {place.tokens / 1e6:.2f}M shard {place.shard} "
                    f"{speed:.0f} tokens/s rate {rate(place):.2f} loss {recent:.4f}",
                    flush=True,
                )
            if time.monotonic() - kept > _KEEP_EVERY_S:
                self.keep()
                kept = time.monotonic()
        self.keep()

    @torch.no_grad()
    def _remember(self) -> None:
        """The average over about the last tenth of the steps: what a falling rate would give."""
        worth = min(1.0, 10 / self.place.step)
        for kept, new in zip(self.average.parameters(), self.model.parameters(), strict=True):
            kept.lerp_(new, worth)

    def keep(self) -> None:
        """A checkpoint that is there whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state(),
            "place": asdict(self.place),
            "shape": asdict(self.model.shape),
            "seed": self._seed,
        }
        passing = self._folder / f"{_LAST}.{os.getpid()}"
        torch.save(state, passing)
        passing.replace(self._folder / _LAST)


def _words(folder: Path, seed: int) -> Vocabulary:
    kept = folder / "vocabulary.json"
    if not kept.exists():
        vocabulary.learn(seed).save(kept)
    return vocabulary.load(kept)


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--folder", type=Path, default=HOME / "run")
    said.add_argument("--tokens", type=float, default=120e6, help="of the whole run")
    said.add_argument("--minutes", type=float, default=1e9, help="then it ends, to go on later")
    said.add_argument("--seed", type=int, default=1)
    said.add_argument("--threads", type=int, default=2)
    said.add_argument("--device", default="cpu")
    said.add_argument("--helpers", type=int, default=0, help="processes that make lessons ahead")
    said.add_argument("--width", type=int, default=Shape.width)
    said.add_argument("--layers", type=int, default=Shape.layers)
    said.add_argument("--inner", type=int, default=Shape.inner)
    asked = said.parse_args()
    torch.set_num_threads(asked.threads)
    shape = Shape(
        width=asked.width, layers=asked.layers, heads=asked.width // 64, inner=asked.inner
    )
    run = Run(asked.folder, asked.seed, shape, asked.device)
    print(f"{sum(p.numel() for p in run.model.parameters()) / 1e6:.2f}M weights, {run.place}")
    run.train(int(asked.tokens), asked.minutes, asked.helpers)


if __name__ == "__main__":
    main()
