"""What the `models` commands say about models, as lines and as values for scripts."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from app.bootstrap.hub import Ground, open_catalog
from app.bootstrap.models import find_model
from app.core.errors import InvalidRequest
from app.core.fit import LABELS, Fit, arithmetic, estimate, largest_ctx
from app.core.lines import columns, in_words
from app.core.model_facts import Kind, ModelFacts, read_facts
from app.core.protocol import TemplateReport
from app.hub.catalog import Listing
from app.hub.models import Model
from app.hub.names import read_name
from app.hub.places import Source
from app.hub.references import read_reference
from app.hub.resolve import find_local
from app.workers.greeting import template_report

KINDS: tuple[Kind, ...] = ("chat", "embedding", "reranker", "adapter")
_SOURCES: dict[Source, str] = {
    "app": "models folder",
    "folder": "your folder",
    "hugging_face": "Hugging Face cache",
    "lm_studio": "LM Studio",
    "ollama": "Ollama",
    "starter": "comes with the app",
}


def plain(model: Model) -> dict[str, Any]:
    """A model for scripts: what it is, without its layers."""
    return {
        "name": model.full_title,
        "path": str(model.path),
        "kind": model.facts.kind,
        "quantization": model.quantization,
        "bytes": model.size,
        "parameters": model.facts.parameters,
        "architecture": model.facts.architecture,
        "trained_ctx": model.facts.trained_ctx,
        "source": model.source,
        "repository": model.repository,
        "parts": len(model.parts),
        "projector": str(model.projector or ""),
        "copies": [str(path) for path in model.copies],
    }


def table(models: Iterable[Model]) -> list[str]:
    rows = [
        (
            model.full_title,
            in_words(model.size),
            model.facts.kind + (" + pictures" if model.projector else ""),
            _SOURCES[model.source] + (f", {len(model.copies)} copies" if model.copies else ""),
        )
        for model in models
    ]
    return columns(rows, right=(1,))


def listings(found: Iterable[Listing]) -> list[str]:
    rows = [
        (
            one.repository,
            _count(one.parameters) if one.parameters else "",
            f"{_count(one.downloads)} downloads",
            one.architecture,
            one.licence,
            "asks for permission" if one.gated else "",
        )
        for one in found
    ]
    return columns(rows, right=(1, 2))


class Subject(msgspec.Struct, frozen=True):
    """The model that is asked about, here or at the hub."""

    title: str
    quantization: str
    where: str
    size: int
    facts: ModelFacts
    here: bool


class About(msgspec.Struct, frozen=True):
    title: str
    where: str
    here: bool
    size_bytes: int
    header: dict[str, Any]
    template: dict[str, Any] | None
    label: str
    chat_ctx: int
    largest_ctx: int  # with which it would fit
    fit: Fit
    arithmetic: list[str]

    @staticmethod
    def of(subject: Subject, ground: Ground) -> "About":
        facts = subject.facts
        settings, devices = ground.fit_settings(facts.trained_ctx), ground.devices()
        fit = estimate(facts, settings, devices, ground.settings.models.gpu_layers)
        wished = msgspec.structs.replace(settings, chat_ctx=facts.trained_ctx or settings.chat_ctx)
        tokens = facts.special_tokens
        report = None
        if facts.kind == "chat":
            ends = (tokens.get("bos", ""), tokens.get("eos", ""))
            report = template_report(facts.chat_template, *ends)
        return About(
            title=f"{subject.title} {subject.quantization}".strip(),
            where=subject.where,
            here=subject.here,
            size_bytes=subject.size,
            header=_header(facts, subject.quantization),
            template=msgspec.structs.asdict(report) if report else None,
            label=LABELS[fit.label],
            chat_ctx=settings.chat_ctx,
            largest_ctx=largest_ctx(facts, wished, devices),
            fit=fit,
            arithmetic=arithmetic(fit),
        )

    def lines(self) -> list[str]:
        said = [self.title, self.where, ""]
        said += columns([(name, _shown(name, value)) for name, value in self.header.items()])
        layers = f", {self.fit.gpu_layers} of {self.fit.total_layers} layers on the GPU"
        on_gpu = layers if self.fit.gpu_layers else ""
        said += ["", f"With a chat of {self.chat_ctx:,} tokens: {self.label}{on_gpu}"]
        said += [f"  {line}" for line in self.arithmetic]
        if self.largest_ctx > self.chat_ctx:
            said.append(f"  The largest chat that fits: {self.largest_ctx:,} tokens")
        if self.template is not None:
            said += ["", f"Chat template: {_template(TemplateReport(**self.template))}"]
        return said


def find_subject(name: str, ground: Ground) -> Subject:
    reference = read_reference(name) if not Path(name).expanduser().is_file() else None
    library = ground.library()
    if reference is None:
        return _local(name, ground)
    if found := find_local(reference, library):
        return _of_model(found)
    with open_catalog() as catalog:
        offer = catalog.offer(reference)
        if reference.file:
            variant = offer.having(reference.file)
        else:
            variant = offer.choose(reference.quantization)
        facts = catalog.facts(variant)
    where = f"https://huggingface.co/{reference.repository}, not on this machine"
    licensed = facts if facts.licence else msgspec.structs.replace(facts, licence=offer.licence)
    return Subject(variant.title, variant.quantization, where, variant.size, licensed, here=False)


def _local(name: str, ground: Ground) -> Subject:
    library = ground.library()
    path = Path(name).expanduser().absolute()
    if not path.is_file() and name != "default":
        return _of_model(library.find(name, {*KINDS}))
    chosen = find_model(name, ground.settings, ground.folders) if name == "default" else path
    for model in library.models:
        if chosen in (*model.parts, *model.copies):
            return _of_model(model)
    facts = read_facts(chosen)
    if facts.kind in ("projector", "shard", "other"):
        raise InvalidRequest(f"{chosen.name} is not a model by itself.")
    read = read_name(chosen.name)
    quantization = read.quantization or facts.quantization
    return Subject(read.title, quantization, str(chosen), chosen.stat().st_size, facts, here=True)


def _of_model(model: Model) -> Subject:
    tokens = read_facts(model.path).special_tokens
    facts = msgspec.structs.replace(model.facts, special_tokens=tokens)
    return Subject(model.title, model.quantization, str(model.path), model.size, facts, here=True)


def _header(facts: ModelFacts, quantization: str) -> dict[str, Any]:
    kv_heads = sorted({layer.kv_heads for layer in facts.layers})
    header: dict[str, Any] = {
        "kind": facts.kind,
        "architecture": facts.architecture,
        "name": facts.name,
        "parameters": facts.parameters,
        "quantization": quantization or facts.quantization,
        "weights_bytes": facts.weight_bytes,
        "trained_ctx": facts.trained_ctx,
        "layers": len(facts.layers),
        "width": facts.width,
        "heads": facts.heads,
        "kv_heads": kv_heads,
        "vocabulary": facts.vocabulary,
        "sliding_window": facts.window,
        "experts": facts.experts,
        "recurrent": facts.recurrent,
        "pooling": facts.pooling,
        "licence": facts.licence,
    }
    return {name: value for name, value in header.items() if value}


def _shown(name: str, value: Any) -> str:
    if name == "parameters":
        return _count(value)
    if name == "weights_bytes":
        return in_words(value)
    if name == "kv_heads":
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _template(report: TemplateReport) -> str:
    if report.source == "fallback":
        return f"the built-in one is used, because {report.reason}"
    can = {
        "a system prompt": report.system_role,
        "tools": report.tools,
        "switching its thinking on and off": report.reasoning_switch,
        "thinking kept in history": report.keeps_reasoning,
        "turns in any order": not report.strict_alternation,
        "reuse from turn to turn": report.stable_prefix,
    }
    yes = ", ".join(name for name, able in can.items() if able)
    no = ", ".join(name for name, able in can.items() if not able)
    return f"{yes}; not: {no}" if no else yes


def _count(number: int) -> str:
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return str(number)
