"""Facts about models in the words of the page; pure."""

from app.core.fit import LABELS, Fit, Label
from app.hub.catalog import Listing
from app.hub.models import Broken, Model
from app.hub.places import Source
from app.hub.variants import Variant
from app.ui.models.figures import many, size
from app.ui.models.rows import Mark, Row, Tone

SOURCES: dict[Source, str] = {
    "app": "",
    "folder": "your folder",
    "hugging_face": "Hugging Face cache",
    "lm_studio": "LM Studio",
    "ollama": "Ollama",
    "starter": "comes with the app",
}
KINDS = {"chat": "", "embedding": "embedding", "reranker": "reranker", "adapter": "adapter"}
_TONES: dict[Label, Tone] = {"gpu": "good", "fits": "good", "tight": "busy", "too_big": "bad"}


def installed_row(model: Model, loaded: str, fit: Fit | None, *, own: bool) -> Row:
    """`own`: it is loaded with settings of its own."""
    parts = [model.quantization, size(model.size), SOURCES[model.source]]
    parts += ["own settings"] if own else []
    marks: list[Mark] = []
    if str(model.path) == loaded:
        marks.append(Mark("in use", "accent"))
    elif KINDS.get(model.facts.kind):
        marks.append(Mark(KINDS[model.facts.kind]))
    elif fit is not None and fit.label in ("tight", "too_big"):
        marks.append(fit_mark(fit))
    detail = " · ".join(part for part in parts if part)
    return Row(str(model.path), model.title, detail, tuple(marks), str(model.path))


def broken_row(broken: Broken) -> Row:
    return Row(
        str(broken.path), broken.path.name, broken.reason, (Mark("broken", "bad"),), broken.reason
    )


def listing_row(listing: Listing) -> Row:
    owner, _, name = listing.repository.partition("/")
    parts = [
        owner,
        f"{many(listing.parameters)} parameters" if listing.parameters else "",
        f"↓ {many(listing.downloads)}",
        f"♥ {many(listing.likes)}",
    ]
    marks = (Mark("asks for permission", "busy"),) if listing.gated else ()
    return Row(listing.repository, name, " · ".join(part for part in parts if part), marks)


def fit_mark(fit: Fit) -> Mark:
    return Mark(LABELS[fit.label], _TONES[fit.label])


def fit_words(fit: Fit) -> str:
    layers = ""
    if fit.gpu_available:
        layers = f", {fit.gpu_layers} of {fit.total_layers} layers on the GPU"
    return f"{fit_label(fit)} with the settings as they are{layers}."


def fit_label(fit: Fit) -> str:
    """To begin a sentence with; the rest keeps its capitals."""
    label = LABELS[fit.label]
    return label[0].upper() + label[1:]


def variant_row(
    variant: Variant, fit: Fit | None, *, recommended: bool, installed: bool, tip: str
) -> Row:
    marks: list[Mark] = []
    if recommended:
        marks.append(Mark("recommended", "accent"))
    if installed:
        marks.append(Mark("on this computer", "quiet"))
    if fit is not None:
        marks.append(fit_mark(fit))
    parts = len(variant.files)
    name = variant.quantization or variant.title
    title = f"{name} · {size(variant.size)}" + (f" in {parts} parts" if parts > 1 else "")
    return Row(variant_key(variant), title, "", tuple(marks), tip)


def variant_key(variant: Variant) -> str:
    return variant.files[0][0]
