"""The workers of one model, and who waits for it to be loaded.

Lives on the pool's thread. A load is answered once: when every worker is ready, or when one
of them could not load the model.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

from app.core.errors import AppError
from app.core.ids import RequestId
from app.core.protocol import Command, Loaded, LoadProgress, ModelSpec
from app.workers.ticket import Ticket
from app.workers.worker import Worker


class Key(NamedTuple):
    """One file may be loaded twice: to chat and to embed."""

    path: str
    embedding: bool = False

    @property
    def holder(self) -> str:
        """Its name in the ledger."""
        return f"{self.path} (embedding)" if self.embedding else self.path


class Crew:
    def __init__(self, spec: ModelSpec, workers: Sequence[Worker]) -> None:
        self.spec = spec
        self.key = Key(spec.path, spec.embedding)
        self.workers = tuple(workers)
        self.pinned = False
        self.used_at = time.monotonic()
        self._asking: list[Ticket] = []

    @property
    def is_ready(self) -> bool:
        return all(worker.is_ready for worker in self.workers)

    @property
    def is_idle(self) -> bool:
        """Loaded, if only in part, and nobody would miss it now."""
        settled = all(worker.is_ready or worker.is_down for worker in self.workers)
        loaded = any(worker.is_ready for worker in self.workers)
        return settled and loaded and not any(worker.load for worker in self.workers)

    @property
    def is_background(self) -> bool:
        return any(worker.limits.background for worker in self.workers)

    @property
    def was_loaded(self) -> bool:
        return any(worker.info for worker in self.workers)

    def ask(self, ticket: Ticket) -> None:
        """The ticket hears what becomes of the load."""
        self._asking.append(ticket)
        self.loaded()

    @property
    def is_wanted(self) -> bool:
        return bool(self._asking) or any(worker.is_wanted for worker in self.workers)

    def wake_if_wanted(self) -> None:
        """Whoever asked may have gone while there was no room yet."""
        if self.is_wanted:
            for worker in self.workers:
                worker.wake()

    def sleep(self) -> None:
        for worker in self.workers:
            worker.sleep()

    def tell(self, command: Command) -> None:
        for worker in self.workers:
            worker.tell(command)

    def progress(self, worker: Worker, fraction: float, step: str) -> None:
        if worker is self.workers[0]:
            for ticket in self._asking:
                request_id = ticket.request.request_id
                ticket.deliver(LoadProgress(request_id=request_id, fraction=fraction, step=step))

    def loaded(self) -> None:
        info = self.workers[0].info
        if info and self.is_ready:
            for ticket in self._take_asking():
                ticket.deliver(Loaded(request_id=ticket.request.request_id, info=info))

    def load_failed(self, error: AppError) -> None:
        for ticket in self._take_asking():
            ticket.fail(error)

    def cancel_load(self, request_id: RequestId) -> bool:
        """Ends the load when nobody else wants the model; whether it did."""
        for ticket in self._asking:
            if ticket.request.request_id == request_id:
                self._asking.remove(ticket)
                ticket.finish_cancelled()
                if self.is_wanted or self.is_ready:
                    return False
                self.sleep()
                return True
        return False

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        for ticket in self._take_asking():
            ticket.finish_cancelled()

    def _take_asking(self) -> list[Ticket]:
        asking, self._asking = self._asking, []
        return asking
