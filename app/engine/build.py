"""Puts an Engine together from a loaded model and the sizes that were decided on.

Runs on the decode thread.
"""

import os
from pathlib import Path

from app.core.fit import cell_count
from app.core.protocol import ModelSpec
from app.engine.chunks import file_identity, hashed
from app.engine.engine import Engine
from app.engine.governor import Governor
from app.engine.kv import Cache, Roll
from app.engine.ladder import Attempt
from app.engine.llama.context import Context, ContextShape
from app.engine.llama.library import versions
from app.engine.llama.model import Model
from app.engine.llama.sampling import Candidates
from app.engine.llama.vocab import Vocab
from app.engine.parse import SHOWN
from app.engine.plan import STEP_TOKENS, sequence_count, wants_full_window
from app.engine.scheduler import Limits, Scheduler
from app.engine.sequences import Sequences
from app.engine.snapshots import Snapshots
from app.engine.template import ChatTemplate
from app.engine.tiers import Tiers
from app.engine.transcripts import Transcripts


def shape_of(
    spec: ModelSpec, attempt: Attempt, *, window: int, recurrent: bool, short_ctx: int
) -> ContextShape:
    cells = cell_count(attempt.chat_ctx, spec.parallel, short_ctx)
    count = sequence_count(spec.parallel, recurrent=recurrent)
    return ContextShape(
        cells=cells,
        sequences=count,
        ubatch=STEP_TOKENS,
        threads=spec.threads or os.cpu_count() or 1,
        type_k=attempt.type_k,
        type_v=attempt.type_v,
        flash_attention=spec.flash_attention,
        full_window=wants_full_window(window, cells, count),
        offload_kv=attempt.gpu_layers > 0,
    )


def build_engine(
    model: Model, spec: ModelSpec, attempt: Attempt, template: ChatTemplate, short_ctx: int = 0
) -> Engine:
    shape = shape_of(
        spec,
        attempt,
        window=model.sliding_window,
        recurrent=model.recurrent,
        short_ctx=short_ctx,
    )
    context = Context(model, shape)
    vocab = Vocab(model.pointer, SHOWN)
    adapters = tuple(adapter.scale for adapter in spec.adapters)
    if adapters:
        context.use_adapters(adapters)
    cache = _build_cache(model, context, spec, short_ctx)
    limits = Limits(attempt.chat_ctx, step_tokens=shape.ubatch)
    transcripts = Transcripts(vocab)
    for tokens, session in cache.snapshots.kept_texts(adapters):
        transcripts.add(tokens, session)
    return Engine(
        model=model,
        context=context,
        vocab=vocab,
        candidates=Candidates(vocab.size),
        cache=cache,
        scheduler=Scheduler(cache, limits),
        template=template,
        transcripts=transcripts,
        default_adapters=adapters,
        adapters=adapters,
        governor=Governor(shape.threads),
        only_embeds=spec.embedding,
    )


def _build_cache(model: Model, context: Context, spec: ModelSpec, short_ctx: int) -> Cache:
    shape = context.shape
    roll = Roll(model.recurrent, model.sliding_window)
    sequences = Sequences(context, shape.cells, shape.sequences - 1)
    identity = identity_of(spec, shape, short_ctx)
    folder = Path(spec.cache_dir) / identity.hex() if spec.cache_dir else None
    tiers = Tiers(folder, ram_bytes=spec.cache_ram_bytes, disk_bytes=spec.cache_disk_bytes)
    tiers.start()
    snapshots = Snapshots(
        context,
        sequences,
        tiers,
        identity=identity,
        whole=model.recurrent or model.sliding_window > 0,
        scratch=shape.sequences - 1,
    )
    return Cache(sequences, context, roll, snapshots, idle_cells=shape.cells // 2)


def identity_of(spec: ModelSpec, shape: ContextShape, short_ctx: int) -> bytes:
    """All that a computed state depends on besides its tokens and adapter scales; of the
    context's size no more than which factors it makes the library take."""
    settings = (shape.type_k, shape.type_v, shape.flash_attention, shape.full_window)
    return hashed(
        file_identity(Path(spec.path)),
        *(file_identity(Path(adapter.path)) for adapter in spec.adapters),
        repr((settings, shape.offload_kv, *_library())).encode(),
        b"long" if 0 < short_ctx < shape.cells else b"",
    )


def _library() -> tuple[str, str]:
    """What a state was computed by: the version, and the build when it is not the app's own."""
    known = versions()
    return known["llama_cpp_python"], known["runtime"]
