"""The ways to run several replies at once that we did not choose, each in a process of its own.

`loop` is a bare batched loop over the library's calls, without text, pipes or a scheduler: the
library's limit as Python can reach it. `Llama` is the high-level class, `contexts` N of its
contexts in turn, `processes` N processes with one each. All report decode tokens a second.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PROMPT = 16


def loop(model: str, streams: int, threads: int, reply: int) -> float:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from app.core.ids import RequestId
    from app.engine.batch import Batch, Slice
    from app.engine.llama import library
    from app.engine.llama.context import Context, ContextShape
    from app.engine.llama.model import load_model

    library.start()
    loaded = load_model(model, gpu_layers=0)
    shape = ContextShape(cells=4096, sequences=16, threads=threads)
    context = Context(loaded, shape)

    def step(tokens: list[tuple[int, ...]], start: int) -> list[int]:
        parts = tuple(
            Slice(RequestId(str(index)), index, start, part, True)
            for index, part in enumerate(tokens)
        )
        batch = Batch(parts)
        context.decode(batch)
        return [int(context.logits(place).argmax()) for _, place in batch.outputs()]

    picked = step([tuple(range(1000 + n, 1000 + n + _PROMPT)) for n in range(streams)], 0)
    started = time.perf_counter()
    for index in range(reply - 1):
        picked = step([(token,) for token in picked], _PROMPT + index)
    return streams * (reply - 1) / (time.perf_counter() - started)


def _llama(model: str, threads: int) -> Any:
    from llama_cpp import Llama

    return Llama(model, n_ctx=512, n_threads=threads, n_threads_batch=threads, verbose=False)


def _turns(llama: Any) -> Any:
    llama.eval(list(range(1000, 1000 + _PROMPT)))
    while True:
        llama.eval([llama.sample(temp=0.0)])
        yield


def contexts(model: str, streams: int, threads: int, reply: int) -> float:
    turns = [_turns(_llama(model, threads)) for _ in range(streams)]
    for turn in turns:
        next(turn)
    started = time.perf_counter()
    for _ in range(reply - 2):
        for turn in turns:
            next(turn)
    return streams * (reply - 2) / (time.perf_counter() - started)


def processes(model: str, streams: int, threads: int, reply: int) -> float:
    children = [_child("contexts", model, 1, threads, reply) for _ in range(streams)]
    return sum(json.loads(child.communicate()[0]) for child in children)


_RUNS: dict[str, Callable[[str, int, int, int], float]] = {
    "loop": loop,
    "contexts": contexts,
    "processes": processes,
}


def _child(name: str, model: str, *numbers: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, __file__, name, model, *map(str, numbers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _peer(name: str, only: tuple[int, ...]) -> Callable[[Path, int, int, int], float | None]:
    def run(model: Path, streams: int, threads: int, reply: int) -> float | None:
        if streams not in only:
            return None
        threads = threads or os.cpu_count() or 1
        output = _child(name, str(model), streams, threads, reply).communicate()[0]
        return json.loads(output) if output else None

    return run


PEERS = {
    "loop": _peer("loop", (1, 2, 3, 4, 7, 8, 15, 16)),
    "Llama": _peer("contexts", (1,)),
    "contexts": _peer("contexts", (4,)),
    "processes": _peer("processes", (4,)),
}


if __name__ == "__main__":
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    print(json.dumps(_RUNS[sys.argv[1]](sys.argv[2], *map(int, sys.argv[3:]))))
