"""The other ways to run several replies at once: `bench_peers.py NAME MODEL STREAMS THREADS REPLY`.

Started by `llama-chat bench engine`, one process a figure; prints decode tokens a second of all
streams together as JSON, or null when that peer is not installed (`build_peers.py` brings them).
Prompts, reply lengths and greedy choice are those of our own figure; what each one includes
stands in `app/cli/bench_engine.py`.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: the repository root is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.cli.bench_child import PROMPT, full_rate, prompt
from app.core.paths import find_folders

FOLDER = Path(os.environ.get("LLAMA_CHAT_PEERS") or find_folders().cache / "peers")
CELLS = 4096
SLOTS = 16

# ---------------------------------------------------------------- the library, called directly


def loop(model: str, streams: int, threads: int, reply: int) -> dict[str, float]:
    from app.core.ids import RequestId
    from app.engine.batch import Batch, Slice
    from app.engine.llama import library
    from app.engine.llama.context import Context, ContextShape
    from app.engine.llama.model import load_model

    library.start()
    shape = ContextShape(cells=CELLS, sequences=SLOTS, threads=threads)
    context = Context(load_model(model, gpu_layers=0), shape)

    def step(tokens: list[tuple[int, ...]], start: int) -> list[int]:
        parts = tuple(
            Slice(RequestId(str(index)), index, start, part, True)
            for index, part in enumerate(tokens)
        )
        batch = Batch(parts)
        context.decode(batch)
        return [int(context.logits(place).argmax()) for _, place in batch.outputs()]

    step([(1,)], 0)  # what is only slow the first time
    context.clear()
    computing = time.process_time()
    picked = step([tuple(prompt(index, PROMPT)) for index in range(streams)], 0)
    started = time.perf_counter()
    for index in range(reply - 1):
        picked = step([(token,) for token in picked], PROMPT + index)
    rate = streams * (reply - 1) / (time.perf_counter() - started)
    return {"rate": rate, "cpu_ms": (time.process_time() - computing) * 1000}


def contexts(model: str, streams: int, threads: int, reply: int) -> float:
    from llama_cpp import Llama

    def turns(index: int) -> Iterator[None]:
        llama = Llama(model, n_ctx=512, n_threads=threads, n_threads_batch=threads, verbose=False)
        llama.eval(prompt(index, PROMPT))
        while True:
            llama.eval([llama.sample(temp=0.0)])
            yield

    all_turns = [turns(index) for index in range(streams)]
    for one in all_turns:
        next(one)
    started = time.perf_counter()
    for _ in range(reply - 2):
        for one in all_turns:
            next(one)
    return streams * (reply - 2) / (time.perf_counter() - started)


def processes(model: str, streams: int, threads: int, reply: int) -> float:
    command = [sys.executable, __file__, "contexts", model, "1", str(threads), str(reply)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(streams)]
    return sum(json.loads(child.communicate()[0])["rate"] for child in children)


# ---------------------------------------------------------------- llama.cpp's own programs


def _program(name: str) -> Path | None:
    path = FOLDER / version("llama-cpp-python") / name
    return path if path.exists() else None


def batched_bench(model: str, streams: int, threads: int, reply: int) -> float | None:
    program = _program("llama-batched-bench")
    if program is None:
        return None
    sizes = ("-c", str(CELLS), "-b", "512", "-ub", "512", "-t", str(threads), "-tb", str(threads))
    # The lines it writes last are lost when it ends at once: a short run comes behind ours.
    work = ("-npp", str(PROMPT), "-ntg", str(reply), "-npl", f"{streams},1", "--kv-unified")
    output = ("--output-format", "jsonl")
    run = subprocess.run(
        [program, "-m", model, *sizes, *work, *output],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    lines = (line for line in run.stdout.decode().splitlines() if line.startswith("{"))
    return json.loads(next(lines))["speed_tg"]


def llama_server(model: str, streams: int, threads: int, reply: int) -> float | None:
    program = _program("llama-server")
    if program is None:
        return None
    port = _free_port()
    sizes = ("-c", str(CELLS), "-np", str(SLOTS), "-b", "512", "-ub", "512", "--kv-unified")
    where = ("-t", str(threads), "-tb", str(threads), "--port", str(port), "--no-webui")
    command = [program, "-m", model, *sizes, *where]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)
    try:
        return _over_http("127.0.0.1", port, streams, reply)
    finally:
        process.kill()
        process.wait()


def xllamacpp(model: str, streams: int, threads: int, reply: int) -> float | None:
    sys.path.append(str(FOLDER / "site"))
    try:
        from xllamacpp import CommonParams, Server
    except ImportError:
        return None
    params = CommonParams()
    params.model.path = model
    params.n_ctx, params.n_batch, params.n_ubatch = CELLS, 512, 512
    params.n_parallel, params.kv_unified = SLOTS, True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.port = _free_port()
    server = Server(params)
    host, _, port = server.listening_address.rpartition("//")[2].partition(":")
    return _over_http(host, int(port.rstrip("/")), streams, reply)


# ---------------------------------------------------------------- over HTTP


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _over_http(host: str, port: int, streams: int, reply: int) -> float:
    _wait_until_ready(host, port)
    _stream(host, port, 99, 8)  # what is only slow the first time
    times: list[list[float]] = [[] for _ in range(streams)]

    def one(index: int) -> None:
        times[index] = _stream(host, port, index, reply)

    threads = [threading.Thread(target=one, args=(index,)) for index in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return full_rate(times)


def _wait_until_ready(host: str, port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with _connected(host, port) as connection:
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError("the server does not answer")
        time.sleep(0.05)


def _stream(host: str, port: int, index: int, reply: int) -> list[float]:
    """When each token of one reply came in."""
    request = {
        "prompt": prompt(index, PROMPT),
        "n_predict": reply,
        "ignore_eos": True,
        "stream": True,
        "return_tokens": True,
        "cache_prompt": False,
        "temperature": 0,
        "samplers": ["top_k"],
        "top_k": 1,
    }
    with _connected(host, port) as connection:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/completion", json.dumps(request), headers)
        found: list[float] = []
        for line in connection.getresponse():
            if line.startswith(b"data: {"):
                now = time.perf_counter()
                found += [now] * len(json.loads(line[6:]).get("tokens", ()))
        return found


@contextmanager
def _connected(host: str, port: int) -> Generator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(host, port, timeout=120)
    try:
        yield connection
    finally:
        connection.close()


_RUNS: dict[str, Callable[[str, int, int, int], Any]] = {
    "batched-bench": batched_bench,
    "llama-server": llama_server,
    "xllamacpp": xllamacpp,
    "loop": loop,
    "contexts": contexts,
    "processes": processes,
}


if __name__ == "__main__":
    figure = _RUNS[sys.argv[1]](sys.argv[2], *map(int, sys.argv[3:]))
    print(json.dumps({"rate": figure} if isinstance(figure, float) else figure), flush=True)
    os._exit(0)  # a peer that does not end by itself is none of our business
