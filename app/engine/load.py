"""From a ModelSpec to a running Engine; what does not fit is tried smaller, each step reported.

Runs on the decode thread.
"""

from pathlib import Path
from typing import Protocol

from app.core.errors import OutOfMemory
from app.core.fit import Part, Settings
from app.core.model_facts import ModelFacts, read_facts
from app.core.protocol import Load, Loaded, ModelInfo, ModelSpec
from app.core.sampling import recommended
from app.engine.build import build_engine, shape_of
from app.engine.devices import find_devices, list_devices
from app.engine.engine import Engine
from app.engine.growth import growth, taken
from app.engine.ladder import Attempt, next_attempt
from app.engine.llama.dry_run import compute_bytes
from app.engine.llama.model import LoadCancelled, Model, load_model
from app.engine.llama.vocab import Vocab
from app.engine.plan import Plan, check, make_plan
from app.engine.template import ChatTemplate, Ends, choose_template


class Report(Protocol):
    """Tells the app how far loading is; False means: stop."""

    def __call__(self, fraction: float, step: str = "") -> bool: ...


def load_engine(command: Load, report: Report) -> tuple[Engine, Loaded]:
    spec = command.spec
    check(spec)
    before = taken()
    facts = read_facts(Path(spec.path))  # refuses what the library might die of
    table = [
        device
        for device in list_devices()
        if device.kind == "cpu" or not spec.devices or device.name in spec.devices
    ]
    plan = make_plan(spec, facts, table, lambda settings: _measure(spec, facts, settings))
    steps: list[str] = []
    asked = min(spec.chat_ctx, facts.trained_ctx or spec.chat_ctx)
    if plan.attempt.chat_ctx < asked and not spec.embedding:
        _take_step(f"a context of {plan.attempt.chat_ctx:,} tokens", steps, report)
    engine, attempt = _Loading(spec, facts, report, steps).run(plan.attempt)
    info = _info(engine, spec, attempt, plan, tuple(steps), growth(before, taken()))
    return engine, Loaded(request_id=command.request_id, info=info)


def _measure(spec: ModelSpec, facts: ModelFacts, settings: Settings) -> int | None:
    attempt = Attempt(0, settings.chat_ctx, spec.type_k, spec.type_v)
    shape = shape_of(
        spec,
        attempt,
        window=facts.window,
        recurrent=facts.recurrent,
        short_ctx=facts.short_ctx,
    )
    return compute_bytes(Path(spec.path), shape, 0)


def _take_step(words: str, steps: list[str], report: Report) -> None:
    steps.append(words)
    if not report(0.0, f"It does not fit into memory: trying {words}."):
        raise LoadCancelled


class _Loading:
    """The ladder: the model stays loaded while only the context shrinks."""

    def __init__(
        self, spec: ModelSpec, facts: ModelFacts, report: Report, steps: list[str]
    ) -> None:
        self._spec = spec
        self._facts = facts
        self._report = report
        self._steps = steps
        self._model: Model | None = None
        self._template: ChatTemplate | None = None

    def run(self, first: Attempt) -> tuple[Engine, Attempt]:
        """`first` asks for no more context than the model knows and memory has."""
        attempt = first
        try:
            while True:
                try:
                    return self._try(attempt), attempt
                except OutOfMemory as error:
                    attempt = self._below(attempt, first.chat_ctx, error)
        except BaseException:
            self._drop()
            raise

    def _try(self, attempt: Attempt) -> Engine:
        spec = self._spec
        if self._model is None:
            self._model = load_model(
                spec.path,
                gpu_layers=attempt.gpu_layers,
                memory=spec.memory,
                devices=find_devices(spec.devices),
                progress=self._report,
            )
            self._model.load_adapters(spec.adapters)
        self._template = self._template or _template(self._model, spec)
        return build_engine(self._model, spec, attempt, self._template, self._facts.short_ctx)

    def _below(self, failed: Attempt, asked_ctx: int, error: OutOfMemory) -> Attempt:
        layers = self._model.layers if self._model else failed.gpu_layers
        below = next_attempt(
            failed,
            layers=layers,
            asked_ctx=asked_ctx,
            compressible=self._spec.flash_attention != "off",  # the library refuses it without
        )
        if below is None:
            raise error
        attempt, words = below
        if attempt.gpu_layers != failed.gpu_layers:
            self._drop()
        _take_step(words, self._steps, self._report)
        return attempt

    def _drop(self) -> None:
        if self._model is not None:
            self._model.close()
            self._model = None


def _template(model: Model, spec: ModelSpec) -> ChatTemplate:
    vocab = Vocab(model.pointer)
    ends = Ends(vocab.named.get("bos", ""), vocab.named.get("eos", ""))
    cache = Path(spec.cache_dir) if spec.cache_dir else None
    source = None if spec.embedding else model.chat_template()
    return choose_template(source, ends, vocab.special_texts, cache)


def _info(
    engine: Engine,
    spec: ModelSpec,
    attempt: Attempt,
    plan: Plan,
    steps: tuple[str, ...],
    grown_bytes: int,
) -> ModelInfo:
    model, shape = engine.model, engine.context.shape
    parts: dict[Part, int] = {"weights": 0, "kv": 0, "state": 0, "compute": 0, "margin": 0}
    for term in plan.fit.terms:
        parts[term.part] += term.bytes
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
        recommended=recommended(model.metadata),
        weights_bytes=parts["weights"],
        kv_bytes=parts["kv"] + parts["state"],
        compute_bytes=parts["compute"],
        grown_bytes=grown_bytes,
        steps=steps,
    )
