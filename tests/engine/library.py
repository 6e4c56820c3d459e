"""The native library inside a test: a model's vocabulary, or the whole model."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from app.core.ids import RequestId
from app.core.protocol import Embed
from app.engine.embed import advance, embed_job, pass_limit
from app.engine.llama import library
from app.engine.llama.embedding import EmbeddingContext
from app.engine.llama.library import lib
from app.engine.llama.vocab import Vocab

Embedding = Callable[[list[str]], tuple[list[np.ndarray], int]]
EMBED_LIMIT = pass_limit(512)


@contextmanager
def opened(path: Path, *, vocab_only: bool = True) -> Iterator[Any]:
    """The library's model pointer."""
    library.start()
    params = lib.llama_model_default_params()
    params.vocab_only = vocab_only
    params.n_gpu_layers = 0
    pointer = lib.llama_model_load_from_file(str(path).encode(), params)
    assert pointer
    try:
        yield pointer
    finally:
        lib.llama_model_free(pointer)


@contextmanager
def embedding(path: Path) -> Iterator[Embedding]:
    """Texts to their vectors and the tokens they took, by one model."""
    with opened(path, vocab_only=False) as model:
        context, vocab = EmbeddingContext(model, limit=EMBED_LIMIT, threads=1), Vocab(model)

        def embed(texts: list[str]) -> tuple[list[np.ndarray], int]:
            asked = Embed(request_id=RequestId("e"), texts=tuple(texts))
            job = embed_job(asked, vocab, EMBED_LIMIT)
            while advance(job, context):
                pass
            return [np.frombuffer(vector, "<f4") for vector in job.vectors], job.tokens

        yield embed
        context.close()
        context.close()  # freed once
