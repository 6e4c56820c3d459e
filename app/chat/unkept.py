"""The generator of temporary chats: nothing of what they ask may reach the disk.

Any thread may call it. It marks every request and, when closed, has the engines forget what
they keep in memory of these chats.
"""

import threading

import msgspec

from app.core.generator import Generator, Sink
from app.core.ids import RequestId, SessionId
from app.core.protocol import Generate, Request


class Unkept:
    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._lock = threading.Lock()
        self._sessions: set[SessionId] = set()

    def submit(self, request: Request, sink: Sink) -> None:
        if isinstance(request, Generate):
            request = msgspec.structs.replace(request, persist=False)
            with self._lock:
                self._sessions.add(request.session)
        self._generator.submit(request, sink)

    def cancel(self, request_id: RequestId) -> None:
        self._generator.cancel(request_id)

    def purge(self, session: SessionId) -> None:
        with self._lock:
            self._sessions.discard(session)
        self._generator.purge(session)

    def close(self) -> None:
        with self._lock:
            sessions, self._sessions = self._sessions, set()
        for session in sessions - {SessionId("")}:
            self._generator.purge(session)
