"""The engine process: commands on stdin, event frames on what was stdout.

The main thread is the io thread: it reads commands, renders and tokenizes. Native code prints
to file descriptor 1 as it likes, so that is pointed at stderr before the library loads.
End of file on stdin means the parent is gone: everything ends, with or without the library.
"""

import io
import logging
import os
import sys
import threading
from typing import BinaryIO, assert_never

import msgspec
import psutil

from app.core.errors import InvalidRequest, KnownError, to_info
from app.core.frames import BrokenFrame, UnreadableCommand, read_command
from app.core.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Count,
    Detokenize,
    Embed,
    Failed,
    Generate,
    GetStats,
    Heartbeat,
    Hello,
    Load,
    Purge,
    Render,
    Request,
    Shutdown,
    StatsReport,
    Tokenize,
    TrimCache,
    WorkerStats,
)
from app.engine.desk import Desk
from app.engine.devices import list_devices
from app.engine.llama import library
from app.engine.loop import Loop
from app.engine.outbox import Outbox

_HEARTBEAT_S = 1.0
_END_S = 3.0

_log = logging.getLogger(__name__)


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    outbox = Outbox(_claim_stdout())
    library.start()
    loop = Loop(outbox)
    loop.start()
    done = threading.Event()
    threading.Thread(target=_beat, args=(loop, outbox, done), name="heartbeat", daemon=True).start()
    try:
        outbox.send([_hello()])
        Io(loop, outbox).serve(sys.stdin.buffer)
    except (BrokenFrame, OSError) as error:
        _log.error("the connection to the app broke: %s", error)
    done.set()
    if not loop.stop(_END_S):
        os._exit(0)  # a decode thread that hangs inside the library cannot be joined
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


def _beat(loop: Loop, outbox: Outbox, done: threading.Event) -> None:
    try:
        while not done.wait(_HEARTBEAT_S):
            outbox.send([Heartbeat(stats=_stats(loop))])
    except OSError:
        return  # the parent is gone; the io thread notices it too


def _stats(loop: Loop) -> WorkerStats:
    # Asking the system is too dear for every step.
    return msgspec.structs.replace(loop.stats, rss_bytes=psutil.Process().memory_info().rss)


class Io:
    def __init__(self, loop: Loop, outbox: Outbox) -> None:
        self._loop = loop
        self._outbox = outbox

    def serve(self, stream: BinaryIO) -> None:
        while True:
            try:
                command = read_command(stream)
            except UnreadableCommand as unreadable:
                self._refuse(unreadable)
                continue
            match command:
                case None:
                    return
                case Shutdown():
                    return
                case Cancel():
                    self._loop.cancel(command.request_id)
                case Purge():
                    self._loop.purge(command.session)
                case TrimCache():
                    self._loop.trim(command.ram_bytes)
                case _:
                    self._answer(command)

    def _refuse(self, unreadable: UnreadableCommand) -> None:
        _log.error("a command could not be read: %s", unreadable)
        error = to_info(InvalidRequest("This request holds something that cannot be read."))
        self._outbox.send([Failed(request_id=unreadable.request_id, error=error)])

    def _answer(self, request: Request) -> None:
        try:
            self._take(request)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - it ends a request, not the process
            if not isinstance(error, KnownError):
                _log.exception("a command failed")
            self._outbox.send([Failed(request_id=request.request_id, error=to_info(error))])

    def _take(self, request: Request) -> None:
        match request:
            case Load():
                self._loop.load(request)
            case GetStats():
                report = StatsReport(request_id=request.request_id, stats=_stats(self._loop))
                self._outbox.send([report])
            case Generate():
                self._loop.submit(self._desk().job(request))
            case Embed():
                self._desk()
                self._loop.embed(request)
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

    def _desk(self) -> Desk:
        desk = self._loop.desk
        if desk is None:
            raise InvalidRequest("No model is loaded. Choose one first.")
        return desk
