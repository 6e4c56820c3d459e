"""One life of one engine process: the process, its reader and writer, its unanswered tickets.

Made and ended on the pool's thread, which alone adds to and takes from `tickets`; the reader
looks tickets up and delivers to them directly, so a token costs no second hop. Everything the
reader heard was delivered before `ended` is posted.
"""

import time
from collections.abc import Callable
from typing import Protocol

from app.core.errors import InvalidRequest
from app.core.frames import BrokenFrame
from app.core.ids import RequestId
from app.core.protocol import (
    Cancel,
    Command,
    Event,
    Heartbeat,
    Hello,
    Purge,
    Shutdown,
    TrimCache,
    WorkerStats,
)
from app.workers.mailbox import Job
from app.workers.process import EngineLog, EngineProcess, Exit, Launch
from app.workers.reader import Reader
from app.workers.ticket import Ticket
from app.workers.writer import Writer

_JOIN_S = 1.0


class Listener(Protocol):
    def greeted(self, link: "Link", hello: Hello) -> None: ...

    def ended(self, link: "Link", end: Exit) -> None: ...


class Link:
    def __init__(
        self,
        name: str,
        launch: Launch,
        log: EngineLog,
        listener: Listener,
        post: Callable[[Job], None],
        memory_bytes: int,
    ) -> None:
        self.name = name
        self.listener = listener
        self.tickets: dict[RequestId, Ticket] = {}
        self.started_at = self.heard_at = self._measured_at = time.monotonic()
        self.hello: Hello | None = None
        self.stats = WorkerStats()
        self.tokens_per_second = 0.0
        self._post = post
        self._process = EngineProcess(name, launch, log, memory_bytes)
        self._writer = Writer(self._process.stdin, self._refused, f"{name}-writer")
        self._reader: Reader | None = Reader(self._process.stdout, self._receive, self._ended)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, ticket: Ticket) -> None:
        ticket.sent_at = time.monotonic()
        self.tickets[ticket.request.request_id] = ticket
        self._writer.send(ticket.request)

    def send(self, command: Command) -> None:
        self._writer.send(command)

    def shut_down(self) -> None:
        self._writer.send(Shutdown())
        self._writer.close()

    def kill(self) -> None:
        self._process.kill()
        self._writer.close()

    def _receive(self, events: list[Event]) -> None:
        now = time.monotonic()
        for event in events:
            match event:
                case Hello():
                    self._post(lambda hello=event: self._greet(hello))
                case Heartbeat():
                    self._measure(event.stats, now)
                case _:
                    # Unknown is normal: a Stop that was answered here, a Cancel that came late.
                    if ticket := self.tickets.get(event.request_id):
                        ticket.deliver(event)

        self.heard_at = now

    def _measure(self, stats: WorkerStats, now: float) -> None:
        decoded = stats.tokens_decoded - self.stats.tokens_decoded
        self.tokens_per_second = decoded / max(now - self._measured_at, 1e-3)
        self._measured_at = now
        self.stats = stats

    def _greet(self, hello: Hello) -> None:
        self.hello = hello
        self.listener.greeted(self, hello)

    def _refused(self, command: Command, error: BrokenFrame) -> None:
        if isinstance(command, Cancel | Purge | TrimCache | Shutdown):
            return
        if ticket := self.tickets.get(command.request_id):
            ticket.fail(InvalidRequest(f"The request cannot be sent: {error}."))

    def _ended(self, broken: bool) -> None:
        end = self._process.finish(at_once=broken)
        self._post(lambda: self._bury(end))

    def _bury(self, end: Exit) -> None:
        """The threads have nothing left to do: joining them takes no time.

        The reader is let go here, on the thread that made it: left to the garbage collector,
        which frees it on whatever thread it happens to run, Qt corrupts the heap.
        """
        self._writer.close()
        self._writer.join(_JOIN_S)
        if self._reader:
            self._reader.join()
            self._reader = None
        self.listener.ended(self, end)
