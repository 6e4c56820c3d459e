"""The exact size of a context's compute buffer, without allocating it or reading weights."""

import re
from pathlib import Path

from app.core.errors import KnownError
from app.engine.llama.context import Context, ContextShape
from app.engine.llama.library import forget_lines, recent_lines
from app.engine.llama.model import load_model

_COMPUTE = re.compile(r"compute buffer size\s*=\s*([\d.]+) MiB")


def compute_bytes(path: Path, shape: ContextShape, gpu_layers: int) -> int | None:
    """The largest on any device; None when the library will not say."""
    try:
        model = load_model(str(path), gpu_layers=gpu_layers, weights=False)
    except KnownError:
        return None
    try:
        forget_lines()
        Context(model, shape).close()
        sizes = [float(found[1]) for line in recent_lines() if (found := _COMPUTE.search(line))]
    except KnownError:
        return None
    finally:
        model.close()
    return int(max(sizes) * (1 << 20)) if sizes else None
