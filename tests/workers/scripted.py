"""A scripted engine: speaks the frames of the real one and misbehaves on request.

The model path is the script of the load, the prompt is the script of the reply: words such as
`tokens=20 every_ms=2 die_at=7`. Started by tests as a process of its own.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

from app.core.errors import ErrorInfo
from app.core.frames import encode, read_command
from app.core.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Delta,
    Event,
    Failed,
    Finished,
    Generate,
    GetStats,
    Heartbeat,
    Hello,
    Load,
    Loaded,
    LoadProgress,
    ModelInfo,
    Purge,
    Shutdown,
    Stats,
    StatsReport,
    TrimCache,
    WorkerStats,
)

ROOT = Path(__file__).parents[2]

_out = threading.Lock()
_cancelled: set[str] = set()
_seen: list[str] = []
_threads: list[int] = []
_eaten: list[bytearray] = []


def send(*events: Event) -> None:
    with _out:
        sys.stdout.buffer.write(encode(list(events)))
        sys.stdout.buffer.flush()


def words(text: str) -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in text.split())


def die(how: str) -> None:
    print("GGML_ASSERT(scripted) failed", file=sys.stderr, flush=True)
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), getattr(signal, how))
    time.sleep(60)  # the signal may reach another thread first


def once(marker: str) -> bool:
    """Whether this is the first process of the test to come here."""
    try:
        Path(marker).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def eat(megabytes: int) -> None:
    try:
        _eaten.append(bytearray(b"x") * (megabytes * 1_000_000))
    except MemoryError:
        die("SIGABRT")  # what native code does


def load(command: Load) -> None:
    script = words(command.spec.path)
    _threads.append(command.spec.threads)
    if "once" not in script or once(script["once"]):
        if how := script.get("die"):
            die(how)
        if message := script.get("fail"):
            error = ErrorInfo("model_load_failed", message)
            send(Failed(request_id=command.request_id, error=error))
            return
    send(LoadProgress(request_id=command.request_id, fraction=0.5))
    time.sleep(float(script.get("load_s", "0")))
    info = ModelInfo(
        path=command.spec.path,
        name="scripted",
        architecture="script",
        parameters=0,
        file_bytes=0,
        layers=0,
        gpu_layers=0,
        trained_ctx=8192,
        chat_ctx=command.spec.chat_ctx,
        cells=8192,
        parallel=command.spec.parallel,
        vocabulary=0,
        embedding_length=0,
        embedding=command.spec.embedding,
        weights_bytes=int(script.get("weights", "0")),
        kv_bytes=int(script.get("kv", "0")),
    )
    send(Loaded(request_id=command.request_id, info=info))


def generate(command: Generate) -> None:
    script = words(command.prompt)
    misbehaves = "once" not in script or once(script["once"])
    count = int(script.get("tokens", "3"))
    for index in range(count):
        if command.request_id in _cancelled:
            break
        if misbehaves and script.get("die_at") == str(index):
            die(script.get("die", "SIGSEGV"))
        if misbehaves and script.get("stop_at") == str(index):
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(0.2)
        if misbehaves and script.get("garbage_at") == str(index):
            with _out:
                os.write(1, b"\xff" * 64)
        if script.get("eat_at") == str(index):
            eat(int(script["eat_mb"]))
        send(Delta(request_id=command.request_id, text=f"{os.getpid()}:{index} ", tokens=1))
        if pause_s := float(script.get("every_ms", "1")) / 1000:
            time.sleep(pause_s)
    if "deaf" in script:
        return
    reason = "cancelled" if command.request_id in _cancelled else "stop"
    notes = ("background",) if command.priority == "background" else tuple(_seen)
    if script.get("say") == "threads":
        notes = (f"threads {_threads[-1]}",)
    stats = Stats(completion_tokens=count, notes=notes)
    send(Finished(request_id=command.request_id, reason=reason, stats=stats))


def beat() -> None:
    while True:
        time.sleep(0.1)
        with contextlib.suppress(OSError):
            send(Heartbeat(stats=WorkerStats(rss_bytes=1000, running=1)))


def serve() -> None:
    immortal = False
    while command := read_command(sys.stdin.buffer):
        match command:
            case Shutdown():
                return
            case Load():
                load(command)
                immortal = "immortal" in words(command.spec.path)
            case Cancel():
                _cancelled.add(command.request_id)
            case Generate():
                threading.Thread(target=generate, args=(command,), daemon=True).start()
            case GetStats():
                send(StatsReport(request_id=command.request_id, stats=WorkerStats(running=7)))
            case Purge():
                _seen.append(f"purge {command.session}")
            case TrimCache():
                _seen.append(f"trim {command.ram_bytes}")
            case _:
                error = ErrorInfo("invalid_request", "not in the script")
                send(Failed(request_id=command.request_id, error=error))
    if immortal:
        signal.pause()


if __name__ == "__main__":
    if "SCRIPTED_MUTE" in os.environ:
        signal.pause()
    protocol = int(os.environ.get("SCRIPTED_PROTOCOL", PROTOCOL_VERSION))
    threading.Thread(target=beat, daemon=True).start()
    send(Hello(protocol=protocol, pid=os.getpid(), versions={}, devices=()))
    serve()
    os._exit(0)
