"""The native library inside a test: a model's vocabulary, or the whole model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.engine.llama import library
from app.engine.llama.library import lib


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
