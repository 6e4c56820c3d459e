"""One look over the pool: everything there is to show, as a value. Runs on the pool's thread."""

from app.core.protocol import WorkerStats
from app.workers.limits import resident_bytes
from app.workers.machine import Machine
from app.workers.metrics import Account, DeviceMemory, PoolState, WorkerMetrics
from app.workers.roster import Roster
from app.workers.worker import Worker


def survey(roster: Roster, account: Account, machine: Machine) -> PoolState:
    ledger = roster.ledger
    return PoolState(
        workers=tuple(_look(worker, roster.roles_of(worker)) for worker in roster.workers()),
        memory=tuple(
            DeviceMemory(device, budget, ledger.held(device))
            for device, budget in ledger.budgets.items()
        ),
        free_ram_bytes=machine.free_ram(),
        totals=account.totals,
        recent=account.recent,
    )


def _look(worker: Worker, roles: tuple[str, ...]) -> WorkerMetrics:
    link, info = worker.link, worker.info
    loaded = info if worker.is_ready else None
    return WorkerMetrics(
        worker=worker.id,
        model=worker.spec.path,
        roles=roles,
        phase=worker.phase.value,
        pid=link.pid if link else 0,
        requests=worker.load,
        crashes=worker.crashes,
        tokens_per_second=link.tokens_per_second if link else 0.0,
        weights_bytes=loaded.weights_bytes if loaded else 0,
        kv_bytes=loaded.kv_bytes if loaded else 0,
        compute_bytes=loaded.compute_bytes if loaded else 0,
        rss_bytes=resident_bytes(link.pid) if link else 0,
        stats=link.stats if link else WorkerStats(),
    )
