"""From a ModelSpec to a running Engine; what does not fit is tried smaller, each step reported.

Runs on the decode thread. The context is clamped to free memory before it is created: the
kernel would answer an absurd size by killing the process.
"""

import os
from pathlib import Path
from typing import Protocol

import psutil

from app.core.errors import ModelLoadFailed, OutOfMemory
from app.core.protocol import Load, Loaded, ModelInfo, ModelSpec
from app.engine.chunks import file_identity, hashed
from app.engine.engine import Engine
from app.engine.governor import Governor
from app.engine.kv import Cache, Roll
from app.engine.ladder import Attempt, next_attempt
from app.engine.llama.context import Context, ContextShape
from app.engine.llama.library import versions
from app.engine.llama.model import LoadCancelled, Model, load_model
from app.engine.llama.sampling import Candidates
from app.engine.llama.vocab import Vocab
from app.engine.parse import SHOWN
from app.engine.scheduler import Limits, Scheduler
from app.engine.sequences import Sequences
from app.engine.snapshots import Snapshots
from app.engine.template import ChatTemplate, Ends, choose_template
from app.engine.tiers import Tiers
from app.engine.transcripts import Transcripts

STEP_TOKENS = 512
_FREE_SHARE = 0.85  # of the free memory, at most, for the cache of one model
_ALL_LAYERS = 1_000


class Report(Protocol):
    """Tells the app how far loading is; False means: stop."""

    def __call__(self, fraction: float, step: str = "") -> bool: ...


def load_engine(command: Load, report: Report) -> tuple[Engine, Loaded]:
    spec = command.spec
    check_file(Path(spec.path))
    attempt = Attempt(_gpu_layers(spec), spec.chat_ctx, spec.type_k, spec.type_v)
    steps: list[str] = []
    model: Model | None = None
    while True:
        try:
            if model is None:
                model = load_model(
                    spec.path, gpu_layers=attempt.gpu_layers, memory=spec.memory, progress=report
                )
                model.load_adapters(spec.adapters)
            attempt = _fit_context(attempt, model, spec, steps, report)
            engine = build_engine(model, spec, attempt)
            info = _info(engine, spec, attempt, tuple(steps))
            return engine, Loaded(request_id=command.request_id, info=info)
        except OutOfMemory:
            layers = model.layers if model else _ALL_LAYERS
            below = next_attempt(attempt, layers=layers, asked_ctx=spec.chat_ctx)
            if below is None:
                _close(model)
                raise
            if below[0].gpu_layers != attempt.gpu_layers:
                _close(model)
                model = None
            attempt = below[0]
            _take_step(below[1], steps, report)
        except BaseException:
            _close(model)
            raise


def _close(model: Model | None) -> None:
    if model is not None:
        model.close()


def _take_step(words: str, steps: list[str], report: Report) -> None:
    steps.append(words)
    if not report(0.0, f"It does not fit into memory: trying {words}."):
        raise LoadCancelled


def check_file(path: Path) -> None:
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


def _gpu_layers(spec: ModelSpec) -> int:
    return 0 if spec.gpu_layers is None else spec.gpu_layers


# ---------------------------------------------------------------- the context's size


def _fit_context(
    attempt: Attempt, model: Model, spec: ModelSpec, steps: list[str], report: Report
) -> Attempt:
    trained = model.trained_ctx or attempt.chat_ctx
    chat_ctx = min(attempt.chat_ctx, trained)
    room = int(psutil.virtual_memory().available * _FREE_SHARE)
    fits = room // (model.cell_bytes or 1) // (2 * spec.parallel + 1) * 2
    if not attempt.gpu_layers and chat_ctx > fits:
        if fits < min(chat_ctx, 256):
            raise OutOfMemory(
                "There is not enough free memory for this model's context. "
                "Close other programs or choose a smaller model."
            )
        chat_ctx = fits // 256 * 256
        _take_step(f"a context of {chat_ctx:,} tokens", steps, report)
    return Attempt(attempt.gpu_layers, chat_ctx, attempt.type_k, attempt.type_v)


def cell_count(chat_ctx: int, parallel: int) -> int:
    """A wind needs the old conversation, its fork and the new one side by side."""
    return chat_ctx * parallel + chat_ctx // 2


def sequence_count(parallel: int, *, recurrent: bool) -> int:
    """The running chats, their winds, some idle ones, and one scratch sequence."""
    # A recurrent state is allocated for each, used or not.
    return 2 * parallel + 4 if recurrent else min(64, max(16, 2 * parallel + 4))


def wants_full_window(window: int, cells: int, sequences: int) -> bool:
    """Whether sliding-window layers keep everything, as decided by us and not by a default.

    A small cache holds the window once for every sequence; when that saves less than half,
    free rolling back is worth more.
    """
    return window * sequences + STEP_TOKENS > cells // 2


# ---------------------------------------------------------------- building


def build_engine(model: Model, spec: ModelSpec, attempt: Attempt) -> Engine:
    cells = cell_count(attempt.chat_ctx, spec.parallel)
    count = sequence_count(spec.parallel, recurrent=model.recurrent)
    threads = spec.threads or os.cpu_count() or 1
    shape = ContextShape(
        cells=cells,
        sequences=count,
        ubatch=STEP_TOKENS,
        threads=threads,
        type_k=attempt.type_k,
        type_v=attempt.type_v,
        flash_attention=spec.flash_attention,
        full_window=wants_full_window(model.sliding_window, cells, count),
        offload_kv=attempt.gpu_layers > 0,
    )
    context = Context(model, shape)
    vocab = Vocab(model.pointer, SHOWN)
    adapters = tuple(adapter.scale for adapter in spec.adapters)
    if adapters:
        context.use_adapters(adapters)
    cache = _build_cache(model, context, spec)
    limits = Limits(attempt.chat_ctx, step_tokens=STEP_TOKENS)
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
        template=_template(model, vocab, spec),
        transcripts=transcripts,
        default_adapters=adapters,
        adapters=adapters,
        governor=Governor(threads),
    )


def _build_cache(model: Model, context: Context, spec: ModelSpec) -> Cache:
    shape = context.shape
    roll = Roll(model.recurrent, model.sliding_window)
    sequences = Sequences(context, shape.cells, shape.sequences - 1)
    identity = _identity(spec, shape)
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


def _identity(spec: ModelSpec, shape: ContextShape) -> bytes:
    """All that a computed state depends on besides its tokens and adapter scales; never the
    context's size."""
    settings = (shape.type_k, shape.type_v, shape.flash_attention, shape.full_window)
    return hashed(
        file_identity(Path(spec.path)),
        *(file_identity(Path(adapter.path)) for adapter in spec.adapters),
        repr((settings, shape.offload_kv, versions()["llama_cpp_python"])).encode(),
    )


def _template(model: Model, vocab: Vocab, spec: ModelSpec) -> ChatTemplate:
    ends = Ends(vocab.named.get("bos", ""), vocab.named.get("eos", ""))
    cache = Path(spec.cache_dir) if spec.cache_dir else None
    return choose_template(model.chat_template(), ends, vocab.special_texts, cache)


def _info(engine: Engine, spec: ModelSpec, attempt: Attempt, steps: tuple[str, ...]) -> ModelInfo:
    model, shape = engine.model, engine.context.shape
    return ModelInfo(
        path=spec.path,
        name=model.metadata("general.name") or Path(spec.path).stem,
        architecture=model.architecture,
        parameters=model.parameters,
        file_bytes=Path(spec.path).stat().st_size,
        layers=model.layers,
        gpu_layers=attempt.gpu_layers,
        trained_ctx=model.trained_ctx,
        chat_ctx=attempt.chat_ctx,
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
        kv_bytes=model.cell_bytes * shape.cells,
        steps=steps,
    )
