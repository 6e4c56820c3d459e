"""From a ModelSpec to a running Engine, in steps that are each reported.

Runs on the decode thread.
"""

import os
from pathlib import Path
from typing import Protocol

from app.core.errors import ModelLoadFailed
from app.core.protocol import Load, Loaded, ModelInfo, ModelSpec
from app.engine.engine import Engine
from app.engine.kv import Cache, Roll
from app.engine.llama.context import Context, ContextShape
from app.engine.llama.model import Model, load_model
from app.engine.llama.sampling import Candidates
from app.engine.llama.vocab import Vocab
from app.engine.parse import SHOWN
from app.engine.scheduler import Limits, Scheduler
from app.engine.sequences import Sequences
from app.engine.template import ChatTemplate, Ends, choose_template
from app.engine.transcripts import Transcripts

_STEP_TOKENS = 512


class Report(Protocol):
    """Tells the app how far loading is; False means: stop."""

    def __call__(self, fraction: float, step: str = "") -> bool: ...


def load_engine(command: Load, report: Report) -> tuple[Engine, Loaded]:
    spec = command.spec
    _check_file(Path(spec.path))
    model = load_model(spec.path, gpu_layers=spec.gpu_layers or 0, progress=report)
    try:
        model.load_adapters(spec.adapters)
        engine = _build(model, spec)
    except BaseException:
        model.close()
        raise
    return engine, Loaded(request_id=command.request_id, info=_info(engine, spec))


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelLoadFailed(
            f"The model file {path.name} cannot be read ({error.strerror}). Choose another one."
        ) from error
    if magic != b"GGUF":
        raise ModelLoadFailed(
            f"{path.name} is not a GGUF model. Download it again or choose another file."
        )


def _build(model: Model, spec: ModelSpec) -> Engine:
    chat_ctx = min(spec.chat_ctx, model.trained_ctx or spec.chat_ctx)
    shape = ContextShape(
        cells=chat_ctx * spec.parallel + chat_ctx // 2,
        sequences=sequence_count(spec, model),
        ubatch=_STEP_TOKENS,
        threads=spec.threads or os.cpu_count() or 1,
        type_k=spec.type_k,
        type_v=spec.type_v,
        flash_attention=spec.flash_attention,
    )
    context = Context(model, shape)
    vocab = Vocab(model.pointer, SHOWN)
    adapters = tuple(adapter.scale for adapter in spec.adapters)
    if adapters:
        context.use_adapters(adapters)
    roll = Roll(model.recurrent, model.sliding_window)
    sequences = Sequences(context, shape.cells, shape.sequences)
    cache = Cache(sequences, context, roll)
    scheduler = Scheduler(cache, Limits(chat_ctx, step_tokens=_STEP_TOKENS))
    return Engine(
        model=model,
        context=context,
        vocab=vocab,
        candidates=Candidates(vocab.size),
        cache=cache,
        scheduler=scheduler,
        template=_template(model, vocab, spec),
        transcripts=Transcripts(vocab),
        default_adapters=adapters,
        adapters=adapters,
    )


def _template(model: Model, vocab: Vocab, spec: ModelSpec) -> ChatTemplate:
    ends = Ends(vocab.named.get("bos", ""), vocab.named.get("eos", ""))
    cache = Path(spec.cache_dir) if spec.cache_dir else None
    return choose_template(model.chat_template(), ends, vocab.special_texts, cache)


def sequence_count(spec: ModelSpec, model: Model) -> int:
    """Enough for the running chats, their winds and some idle ones; recurrent states are dear."""
    return min(64, max(16, 2 * spec.parallel + 2)) if not model.recurrent else 2 * spec.parallel + 4


def _info(engine: Engine, spec: ModelSpec) -> ModelInfo:
    model, shape = engine.model, engine.context.shape
    limits = engine.scheduler.limits
    return ModelInfo(
        path=spec.path,
        name=model.metadata("general.name") or Path(spec.path).stem,
        architecture=model.metadata("general.architecture") or "",
        parameters=model.parameters,
        file_bytes=Path(spec.path).stat().st_size,
        layers=model.layers,
        gpu_layers=spec.gpu_layers or 0,
        trained_ctx=model.trained_ctx,
        chat_ctx=limits.chat_ctx,
        cells=shape.cells,
        parallel=spec.parallel,
        vocabulary=model.vocabulary,
        embedding_length=model.embedding_length,
        embedding=spec.embedding,
        recurrent=model.recurrent,
        sliding_window=model.sliding_window,
        template=engine.template.report,
        special_tokens=engine.vocab.named,
        weights_bytes=model.weights_bytes,
    )
