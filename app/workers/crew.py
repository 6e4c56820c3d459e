"""The workers of one model, and who waits for it to be loaded.

Lives on the pool's thread. A load is answered once: when every worker is ready, or when one
of them could not load the model.
"""

from collections.abc import Sequence

from app.core.errors import AppError
from app.core.ids import RequestId
from app.core.protocol import Loaded, LoadProgress, ModelInfo, ModelSpec
from app.workers.ticket import Ticket
from app.workers.worker import Worker


class Crew:
    def __init__(self, spec: ModelSpec, workers: Sequence[Worker]) -> None:
        self.spec = spec
        self.workers = tuple(workers)
        self._asking: list[Ticket] = []

    @property
    def is_ready(self) -> bool:
        return all(worker.is_ready for worker in self.workers)

    @property
    def is_busy(self) -> bool:
        return any(worker.is_busy for worker in self.workers)

    def load(self, ticket: Ticket) -> None:
        self._asking.append(ticket)
        if self.is_ready:
            self.loaded(self.workers[0].info)
        for worker in self.workers:
            worker.wake()

    def progress(self, worker: Worker, fraction: float, step: str) -> None:
        if worker is self.workers[0]:
            for ticket in self._asking:
                request_id = ticket.request.request_id
                ticket.deliver(LoadProgress(request_id=request_id, fraction=fraction, step=step))

    def loaded(self, info: ModelInfo | None) -> None:
        if info is None or not self.is_ready:
            return
        asking, self._asking = self._asking, []
        for ticket in asking:
            ticket.deliver(Loaded(request_id=ticket.request.request_id, info=info))

    def load_failed(self, error: AppError) -> None:
        asking, self._asking = self._asking, []
        for ticket in asking:
            ticket.fail(error)

    def cancel_load(self, request_id: RequestId) -> bool:
        """Whether nobody wants the model any more."""
        for ticket in self._asking:
            if ticket.request.request_id == request_id:
                self._asking.remove(ticket)
                ticket.finish_cancelled()
                return not self._asking and not self.is_ready
        return False

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        asking, self._asking = self._asking, []
        for ticket in asking:
            ticket.finish_cancelled()
