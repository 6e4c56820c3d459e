"""The engine process: commands on stdin, event frames on what was stdout.

The main thread reads commands; the io thread does in their order what takes time (rendering,
tokenizing), so that a cancel never waits behind somebody's long text. Native code prints to file
descriptor 1 as it likes, so that is pointed at stderr before the library loads.
End of file on stdin means the parent is gone: everything ends, with or without the library.
"""

import io
import logging
import os
import sys
import threading
from contextlib import suppress
from queue import Full, Queue
from typing import BinaryIO, assert_never

import msgspec
import psutil

from app.core.errors import InvalidRequest
from app.core.frames import BrokenFrame, UnreadableCommand, read_command
from app.core.ids import RequestId
from app.core.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Count,
    Detokenize,
    Embed,
    Finished,
    Generate,
    GetStats,
    Heartbeat,
    Hello,
    Load,
    Purge,
    Render,
    Request,
    Shutdown,
    Stats,
    StatsReport,
    Tokenize,
    TrimCache,
    WorkerStats,
)
from app.engine.desk import Desk
from app.engine.devices import list_devices
from app.engine.llama import library
from app.engine.loop import Loop
from app.engine.outbox import Outbox, failed

_HEARTBEAT_S = 1.0
_END_S = 3.0
_MOST_WAITING = 256  # behind them the app's own writing waits

_log = logging.getLogger(__name__)


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    outbox = Outbox(_claim_stdout())
    library.start()
    loop = Loop(outbox)
    loop.start()
    io_thread = Io(loop, outbox)
    io_thread.start()
    done = threading.Event()
    beat = (loop, io_thread, outbox, done)
    threading.Thread(target=_beat, args=beat, name="heartbeat", daemon=True).start()
    try:
        outbox.send([_hello()])
        io_thread.serve(sys.stdin.buffer)
    except (BrokenFrame, OSError) as error:
        _log.error("the connection to the app broke: %s", error)
    done.set()
    # The io thread reads the model's vocabulary, so it ends before the model is freed. A thread
    # that hangs inside the library cannot be joined.
    if not (io_thread.stop(_END_S) and loop.stop(_END_S)):
        os._exit(0)
    return 0


def _claim_stdout() -> BinaryIO:
    """The pipe for our frames alone; whatever native code prints lands on stderr."""
    stream = io.FileIO(os.dup(1), "wb")
    os.dup2(2, 1)
    return stream


def _hello() -> Hello:
    return Hello(
        protocol=PROTOCOL_VERSION,
        pid=os.getpid(),
        versions=library.versions(),
        devices=list_devices(),
    )


def _beat(loop: Loop, io_thread: "Io", outbox: Outbox, done: threading.Event) -> None:
    # It speaks for both threads: should one ever end by a bug, the app is to notice.
    try:
        while loop.alive and io_thread.alive and not done.wait(_HEARTBEAT_S):
            outbox.send([Heartbeat(stats=_stats(loop))])
    except OSError:
        return  # the parent is gone; the io thread notices it too


def _stats(loop: Loop) -> WorkerStats:
    # Asking the system is too dear for every step.
    return msgspec.structs.replace(loop.stats, rss_bytes=psutil.Process().memory_info().rss)


class Io:
    """`serve` runs on the main thread, the work behind it on a thread of its own."""

    def __init__(self, loop: Loop, outbox: Outbox) -> None:
        self._loop = loop
        self._outbox = outbox
        self._commands: Queue[Request | Purge | None] = Queue(_MOST_WAITING)
        self._lock = threading.Lock()
        self._waiting: dict[RequestId, bool] = {}  # not with the loop yet; whether cancelled
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="io", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def serve(self, stream: BinaryIO) -> None:
        while True:
            try:
                command = read_command(stream)
            except UnreadableCommand as unreadable:
                self._refuse(unreadable)
                continue
            match command:
                case None | Shutdown():
                    return
                case Cancel():
                    self._cancel(command.request_id)
                case TrimCache():
                    self._loop.trim(command.ram_bytes)
                case Purge():  # not before the requests that came before it
                    self._commands.put(command)
                case _:
                    with self._lock:
                        self._waiting.setdefault(command.request_id, False)
                    self._commands.put(command)

    def stop(self, timeout_s: float) -> bool:
        """Ends the thread; what was to be forgotten still is. False when it takes too long."""
        self._stopping = True
        with suppress(Full):
            self._commands.put(None, timeout=timeout_s)
            self._thread.join(timeout_s)
        return not self.alive

    def _refuse(self, unreadable: UnreadableCommand) -> None:
        _log.error("a command could not be read: %s", unreadable)
        error = InvalidRequest("This request holds something that cannot be read.")
        self._outbox.send([failed(unreadable.request_id, error)])

    def _cancel(self, request_id: RequestId) -> None:
        with self._lock:
            if request_id in self._waiting:
                self._waiting[request_id] = True
        self._loop.cancel(request_id)

    # ------------------------------------------------------------ on the io thread

    def _work(self) -> None:
        with suppress(OSError):  # nobody reads our answers any more; the main thread sees it too
            while (command := self._commands.get()) is not None:
                if isinstance(command, Purge):
                    self._loop.purge(command.session)
                elif not self._stopping:
                    self._answer(command)

    def _answer(self, request: Request) -> None:
        try:
            if self._waiting.get(request.request_id):
                end = Finished(request_id=request.request_id, reason="cancelled", stats=Stats())
                self._outbox.send([end])
            else:
                self._take(request)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - it ends a request, not the process
            self._outbox.send([failed(request.request_id, error)])
        finally:
            with self._lock:
                self._waiting.pop(request.request_id, None)

    def _take(self, request: Request) -> None:
        match request:
            case Load():
                with self._lock:
                    self._loop.load(request, cancelled=self._was_cancelled(request))
            case GetStats():
                report = StatsReport(request_id=request.request_id, stats=_stats(self._loop))
                self._outbox.send([report])
            case Generate():
                job = self._desk().job(request)
                with self._lock:
                    job.cancelled = self._was_cancelled(request)
                    self._loop.submit(job)
            case Embed():
                texts = self._desk().embed_job(request)
                with self._lock:
                    texts.cancelled = self._was_cancelled(request)
                    self._loop.embed(texts)
            case Tokenize():
                self._outbox.send([self._desk().tokenize(request)])
            case Detokenize():
                self._outbox.send([self._desk().detokenize(request)])
            case Count():
                self._outbox.send([self._desk().count(request)])
            case Render():
                self._outbox.send([self._desk().render(request)])
            case _:
                assert_never(request)

    def _was_cancelled(self, request: Request) -> bool:
        """Asked under the lock, together with handing it on: a later cancel finds it there."""
        return self._waiting.pop(request.request_id, False)

    def _desk(self) -> Desk:
        desk = self._loop.desk
        if desk is None:
            raise InvalidRequest("No model is loaded. Choose one first.")
        return desk
