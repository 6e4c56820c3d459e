"""Everything that exists once a model is loaded, built together and closed together.

Owned by the decode thread; `vocab` may be read on any thread.
"""

import time
from dataclasses import dataclass

from app.core.ids import SessionId
from app.core.protocol import WorkerStats
from app.engine.batch import Batch
from app.engine.embed import EmbedJob, advance, pass_limit
from app.engine.governor import Governor
from app.engine.jobs import Job
from app.engine.kv import Cache
from app.engine.llama.context import OK, Context
from app.engine.llama.embedding import EmbeddingContext
from app.engine.llama.model import Model
from app.engine.llama.sampling import Candidates
from app.engine.llama.vocab import Vocab
from app.engine.scheduler import Scheduler
from app.engine.template import ChatTemplate
from app.engine.transcripts import Transcripts

_PREFILL_TOKENS = 64  # a step this large tells how fast prompts are computed


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
    governor: Governor
    only_embeds: bool = False
    embedding: EmbeddingContext | None = None
    tokens_prefilled: int = 0
    tokens_decoded: int = 0

    def decode(self, batch: Batch) -> tuple[int, float]:
        """Computes one step; returns the library's answer and the seconds it took."""
        if batch.adapters != self.adapters:
            self.context.use_adapters(batch.adapters)
            self.adapters = batch.adapters
        size = batch.size
        self.context.set_threads(self.governor.threads(size, mixed=size > len(batch.slices)))
        started = time.monotonic()
        code = self.context.decode(batch)
        self.context.synchronize()
        seconds = time.monotonic() - started
        if code == OK:
            self.governor.observe(size, seconds)
            self._learn_prefill_rate(size, seconds)
        return code, seconds

    def _learn_prefill_rate(self, tokens: int, seconds: float) -> None:
        if tokens >= _PREFILL_TOKENS:
            tiers = self.cache.snapshots.tiers
            rate = seconds / tokens
            tiers.prefill_s_per_token = (
                0.7 * tiers.prefill_s_per_token + 0.3 * rate if tiers.prefill_s_per_token else rate
            )

    def embed(self, job: EmbedJob) -> bool:
        """One pass of it; False when there was none left."""
        if self.embedding is None:
            self.embedding = EmbeddingContext(
                self.model.pointer,
                limit=pass_limit(self.model.trained_ctx),
                threads=self.context.shape.threads,
            )
        return advance(job, self.embedding)

    def end(self, job: Job) -> None:
        job.reply.close()
        if job.admitted:  # what never ran would push out what was really said
            if not job.doomed:
                self.transcripts.add(job.tokens, job.request.session)
            self.tokens_decoded += job.generated
            self.tokens_prefilled += max(0, job.prompt_tokens - job.reused_tokens)
        # A side job's own tail serves nobody; what it shared lives on where it came from.
        self.scheduler.remove(job, keep=not job.background or not job.max_tokens)

    def purge(self, session: SessionId) -> None:
        self.scheduler.purge(session)
        self.transcripts.purge(session)

    def forget_everything(self) -> None:
        """After a failed step nothing in the context can be trusted: nothing of it is kept."""
        for job in self.scheduler.running:
            job.sequence = None
        self.cache.clear()
        self.context.clear()

    def stats(self) -> WorkerStats:
        sequences = self.cache.sequences
        return WorkerStats(
            cells=sequences.cells,
            cells_used=sequences.used_cells,
            sequences=len(sequences.live),
            snapshots_ram_bytes=self.cache.snapshots.tiers.ram_bytes,
            snapshots_disk_bytes=self.cache.snapshots.tiers.disk_bytes,
            running=len(self.scheduler.running),
            queued=len(self.scheduler.queue),
            tokens_prefilled=self.tokens_prefilled,
            tokens_decoded=self.tokens_decoded,
        )

    def close(self) -> None:
        self.cache.snapshots.tiers.close()
        if self.embedding is not None:
            self.embedding.close()
        self.context.close()
        self.model.close()
