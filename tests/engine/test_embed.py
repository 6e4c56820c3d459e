"""Vectors: of length one, in order, and the same whichever texts shared a pass."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import BugError, ContextLimitExceeded, InvalidRequest
from app.engine.embed import passes
from app.engine.llama.embedding import TEXTS_PER_PASS, EmbeddingContext
from tests.engine.library import Embedding, embedding, opened

TEXTS = ["Hello world", "another text " * 40, "x", "天气很好", "Hello world."]


@pytest.fixture(scope="module", params=["embed", "tiny"])
def embedder(
    request: pytest.FixtureRequest, built_model: Callable[[str], Path]
) -> Iterator[Embedding]:
    """An encoder that says how it pools, and a chat model that does not."""
    with embedding(built_model(request.param)) as embed:
        yield embed


def vectors(embedder: Embedding, texts: list[str]) -> list[np.ndarray]:
    return embedder(texts)[0]


def test_a_batch_equals_one_by_one(embedder: Embedding) -> None:
    texts = TEXTS * 7  # several passes
    together = vectors(embedder, texts)
    alone = {text: vectors(embedder, [text])[0] for text in TEXTS}
    assert len(together) == len(texts)
    for text, vector in zip(texts, together, strict=True):
        assert float(vector @ alone[text]) == pytest.approx(1.0, abs=1e-4)


def test_vectors_have_length_one_and_differ(embedder: Embedding) -> None:
    found = vectors(embedder, TEXTS)
    for vector in found:
        assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-5)
    assert float(found[0] @ found[4]) > float(found[0] @ found[3])


def test_tokens_are_counted(embedder: Embedding) -> None:
    _, one = embedder(["Hello world"])
    _, three = embedder(["Hello world"] * 3)
    assert three == 3 * one > 0


@pytest.mark.parametrize("texts", [[], [""], ["fine", ""]])
def test_nothing_to_embed_is_refused(embedder: Embedding, texts: list[str]) -> None:
    with pytest.raises(InvalidRequest):
        embedder(texts)


def test_a_text_too_long_for_the_model_is_refused(embedder: Embedding) -> None:
    with pytest.raises(ContextLimitExceeded) as refusal:
        embedder(["word " * 2000])
    assert refusal.value.maximum == 512
    assert refusal.value.required > 512
    assert vectors(embedder, ["still works"])


def test_a_pass_larger_than_its_context_never_reaches_the_library(tiny_model: Path) -> None:
    with opened(tiny_model, vocab_only=False) as model:
        context = EmbeddingContext(model, limit=32, threads=1)
        for too_much in ([], [[]], [[1] * 33], [[1] * 20, [1] * 13], [[1]] * 17):
            with pytest.raises(BugError):
                context.vectors(too_much)
        context.close()


@given(st.lists(st.integers(1, 100), max_size=60))
def test_passes_keep_the_order_and_the_bounds(sizes: list[int]) -> None:
    texts = [[index] * size for index, size in enumerate(sizes)]
    made = list(passes(texts, 100))
    assert [text for batch in made for text in batch] == texts
    assert all(1 <= len(batch) <= TEXTS_PER_PASS for batch in made)
    assert all(sum(map(len, batch)) <= 100 for batch in made)
