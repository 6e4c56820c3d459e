"""Everything that exists once a model is loaded, built together and closed together.

Owned by the decode thread; `vocab` may be read on any thread.
"""

import os
from dataclasses import dataclass

import psutil

from app.core.ids import SessionId
from app.core.protocol import WorkerStats
from app.engine.jobs import Job
from app.engine.kv import Cache
from app.engine.llama.context import Context
from app.engine.llama.model import Model
from app.engine.llama.sampling import Candidates
from app.engine.llama.vocab import Vocab
from app.engine.scheduler import Scheduler
from app.engine.template import ChatTemplate
from app.engine.transcripts import Transcripts


@dataclass
class Engine:
    model: Model
    context: Context
    vocab: Vocab
    candidates: Candidates
    cache: Cache
    scheduler: Scheduler
    template: ChatTemplate
    transcripts: Transcripts
    default_adapters: tuple[float, ...]
    adapters: tuple[float, ...]  # as applied now
    tokens_prefilled: int = 0
    tokens_decoded: int = 0

    def use_adapters(self, scales: tuple[float, ...]) -> None:
        if scales != self.adapters:
            self.context.use_adapters(scales)
            self.adapters = scales

    def end(self, job: Job) -> None:
        job.reply.close()
        self.transcripts.add(job.tokens)
        self.tokens_decoded += job.generated
        self.tokens_prefilled += max(0, job.prompt_tokens - job.reused_tokens)
        # A side job's own tail serves nobody; what it shared lives on where it came from.
        self.scheduler.remove(job, keep=not job.background or not job.max_tokens)

    def purge(self, session: SessionId) -> None:
        self.cache.purge(session)

    def forget_everything(self) -> None:
        """After a failed step nothing in the context can be trusted."""
        self.cache.clear()
        self.context.clear()

    def stats(self) -> WorkerStats:
        sequences = self.cache.sequences
        return WorkerStats(
            cells=sequences.cells,
            cells_used=sequences.used_cells,
            sequences=len(sequences.live),
            running=len(self.scheduler.running),
            queued=len(self.scheduler.queue),
            tokens_prefilled=self.tokens_prefilled,
            tokens_decoded=self.tokens_decoded,
            rss_bytes=psutil.Process(os.getpid()).memory_info().rss,
        )

    def close(self) -> None:
        self.context.close()
        self.model.close()
