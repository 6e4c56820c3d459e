"""The heads a new network is born with, so that finding and copying need not be discovered.

Every token knows the two before it, and finds what followed the same token earlier. Notes begin
with a letter (`- C. My dog is called Waffle`): each word of a note knows its letter, a word that
comes again finds the letter of the note it stands in, and the end of a question counts these.
Training starts there and may unlearn all of it.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from scripts.starter.network import Block, Shape, Starter, frequencies

_FAINT, _CLEAR = 0.1, 0.4  # how much a head says at first
_QUESTION = 14  # tokens before the letter of an answer


class _Head:
    """Views of one head's weights."""

    def __init__(self, block: Block, number: int) -> None:
        d, head = block.shape.width, block.shape.head
        rows = slice(number * head, (number + 1) * head)
        self.asks, self.offers, self.reads = (part[rows] for part in block.qkv.split(d))
        self.asks_always, self.offers_always = (part[rows] for part in block.qk_bias.split(d))
        self.says = block.out[:, rows]

    def passes(self, reads: Tensor, says: Tensor, much: float = _FAINT) -> None:
        self.reads.copy_(reads)
        self.says.copy_(says * much)

    def looks_by_place(self) -> None:
        """What it looks for does not depend on the words."""
        self.asks.zero_()
        self.offers.zero_()


@torch.no_grad()
def wire(model: Starter, newline: int, dash: int) -> Callable[[], None]:
    """`newline` and `dash` are what stands before a note's letter. Calling what comes back makes
    most of the heads look for what they were born to look for, whatever they have learnt."""
    shape = model.shape
    first, second, third, fourth = (
        [_Head(block, n) for n in range(shape.heads)] for block in model.blocks[:4]
    )
    parts = _orthogonal(shape, shape.width).split(shape.head, 1)
    before, _, letter, itself = parts
    looks = [partial(_look_back, first[n], shape, n + 1) for n in range(2)]
    looks += [partial(first[n].passes, itself.T, parts[n]) for n in range(2)]
    looks.append(partial(_look_back, fourth[2], shape, _QUESTION, amplitude=1.5))
    for head in (*third[:3], *fourth[:2]):
        picked = torch.randperm(shape.head)
        looks.append(partial(_find_what_followed, head, shape, before.T[picked], itself.T[picked]))
    for head in (*third[:2], *fourth[:2]):
        copied = _orthogonal(shape)
        head.passes(copied.T, copied)
    for heads in (second, third, fourth):
        heads[2].passes(letter.T, letter, _CLEAR)
    _find_letter(second[2], model, parts, (dash, newline))

    @torch.no_grad()
    def look() -> None:
        for each in looks:
            each()

    look()
    return look


def _orthogonal(shape: Shape, size: int = 0) -> Tensor:
    return torch.linalg.qr(torch.randn(shape.width, size or shape.head))[0]


def _by_content(shape: Shape) -> Tensor:
    """The dimensions that do not turn with the place."""
    half = shape.head // 2
    pairs = torch.arange(shape.turning, half)
    return torch.cat((pairs, half + pairs))


def _look_back(head: _Head, shape: Shape, back: int, *, amplitude: float = 4.0) -> None:
    """So many tokens, or about there when the amplitude is small."""
    head.looks_by_place()
    half, turning = shape.head // 2, shape.turning
    turned = frequencies(shape)[:turning] * -back
    head.offers_always[:turning] = amplitude
    head.asks_always[:turning] = amplitude * torch.cos(turned)
    head.asks_always[half : half + turning] = amplitude * torch.sin(turned)


def _find_what_followed(head: _Head, shape: Shape, before: Tensor, itself: Tensor) -> None:
    content = _by_content(shape)
    for weights, source in ((head.asks, itself), (head.offers, before)):
        weights.zero_()
        weights[content] = source[: len(content)] * 3


def _find_letter(
    head: _Head, model: Starter, parts: tuple[Tensor, ...], tokens: tuple[int, int]
) -> None:
    """The nearest token that has these two before it."""
    shape = model.shape
    known = torch.zeros(shape.width)
    for part, token in zip(parts, tokens, strict=False):
        seen = parts[3].T @ model.embedding[token]
        known += part @ (seen / seen.norm())
    _look_back(head, shape, 0, amplitude=2.8)
    content = _by_content(shape)
    here = torch.zeros(shape.head)
    here[content] = 3.2 * len(content) ** -0.5
    head.asks_always[content] = here[content]
    head.offers.copy_(torch.outer(here, known))
