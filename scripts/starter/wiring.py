"""The heads a new network is born with, so that finding and copying need not be discovered.

Every token knows the two before it, and finds what followed the same token earlier. Notes begin
with a letter (`- C. My dog is called Waffle`): each word of a note knows its letter, a word that
comes again finds the letter of the note it stands in, and the end of a question counts these.
Training starts there and may unlearn all of it.
"""

import torch
from torch import Tensor
from torch.nn.functional import rms_norm

from scripts.starter.network import Block, Shape, Starter, frequencies

_FAINT = 0.1  # how much a head says at first


class _Head:
    """Views of one head's weights."""

    def __init__(self, block: Block, number: int) -> None:
        d, head = block.shape.width, block.shape.head
        rows = slice(number * head, (number + 1) * head)
        self.asks, self.offers, self.reads = (part[rows] for part in block.qkv.split(d))
        self.asks_always, self.offers_always = (part[rows] for part in block.qk_bias.split(d))
        self.says = block.out[:, rows]

    def passes(self, reads: Tensor, says: Tensor) -> None:
        self.reads.copy_(reads)
        self.says.copy_(says * _FAINT)

    def looks_by_place(self) -> None:
        """What it looks for hardly depends on the words."""
        self.asks.mul_(0.1)
        self.offers.mul_(0.1)


@torch.no_grad()
def wire(model: Starter, dash: int, newline: int) -> None:
    """`newline` and `dash` are what stands before a note's letter."""
    shape = model.shape
    first, second, third, fourth = (
        [_Head(block, n) for n in range(shape.heads)] for block in model.blocks[:4]
    )
    parts = _orthogonal(shape, shape.width).split(shape.head, 1)
    before, _, noted, again = parts
    for back, part in enumerate(parts[:2], 1):
        _look_back(first[back - 1], shape, back)
        first[back - 1].passes(_orthogonal(shape).T, part)
    for heads in (second, third):
        for head in heads[:2]:
            _find_what_followed(head, shape, before, first[0].reads)
            copied = _orthogonal(shape).T
            head.passes(copied, copied.T - again @ again.T @ copied.T)
    letter = _orthogonal(shape).T
    _find_letter(second[2], shape, _told(model, first, parts, (dash, newline)))
    second[2].passes(letter, noted)
    _find_same(third[2], shape, again)
    third[2].passes(noted.T, again)
    _look_around(fourth[2], shape, 1.7)
    fourth[2].passes(again.T, letter.T)


def _orthogonal(shape: Shape, size: int = 0) -> Tensor:
    return torch.linalg.qr(torch.randn(shape.width, size or shape.head))[0]


def _by_content(shape: Shape) -> Tensor:
    """The dimensions that do not turn with the place."""
    half = shape.head // 2
    pairs = torch.arange(shape.turning, half)
    return torch.cat((pairs, half + pairs))


def _look_back(head: _Head, shape: Shape, back: int) -> None:
    head.looks_by_place()
    half, turning, amplitude = shape.head // 2, shape.turning, 4.0
    turned = frequencies(shape)[:turning] * -back
    head.offers_always[:turning] = amplitude
    head.asks_always[:turning] = amplitude * torch.cos(turned)
    head.asks_always[half : half + turning] = amplitude * torch.sin(turned)


def _look_around(head: _Head, shape: Shape, amplitude: float) -> None:
    """The nearer the more."""
    head.looks_by_place()
    head.asks_always[: shape.turning] = head.offers_always[: shape.turning] = amplitude


def _find_what_followed(head: _Head, shape: Shape, before: Tensor, reads: Tensor) -> None:
    content = _by_content(shape)
    picked = torch.randperm(shape.head)[: len(content)]
    for weights, source in ((head.asks, reads), (head.offers, before.T)):
        weights.zero_()
        weights[content] = source[picked] * 2


def _told(
    model: Starter, first: list[_Head], parts: tuple[Tensor, ...], tokens: tuple[int, int]
) -> Tensor:
    """How a token is known that has these two before it."""
    known = torch.zeros(model.shape.width)
    for head, part, token in zip(first, parts, tokens, strict=False):
        seen = head.reads @ rms_norm(model.embedding[token], known.shape)
        known += part @ (seen / seen.norm())
    return known


def _find_letter(head: _Head, shape: Shape, known: Tensor) -> None:
    """The nearest one before."""
    _look_around(head, shape, 2.8)
    content = _by_content(shape)
    here = torch.zeros(shape.head)
    here[content] = 3.2 * len(content) ** -0.5
    head.asks_always += here
    head.offers.copy_(torch.outer(here, known))


def _find_same(head: _Head, shape: Shape, part: Tensor) -> None:
    """The same token, but not here."""
    content = _by_content(shape)
    for weights in (head.asks, head.offers):
        weights.zero_()
        weights[content] = part.T[: len(content)] * 3
    head.asks_always[: shape.turning], head.offers_always[: shape.turning] = 2.0, -2.0
