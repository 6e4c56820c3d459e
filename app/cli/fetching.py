"""Models of the hub on their way to a command: what is fetched, how large it is, how far it is.

All of it is said on stderr: stdout is the command's own. Always true: an interrupted download is
kept, and the same command goes on from there.
"""

import sys
from pathlib import Path

import typer

from app.bootstrap.hub import Ground, download, find_ground, open_catalog
from app.cli.progress import Meter
from app.core.downloads import DownloadState
from app.core.errors import HubError, InvalidRequest
from app.core.lines import in_words
from app.hub.catalog import Catalog, Offer, Variant
from app.hub.choosing import judge, recommend
from app.hub.names import preference
from app.hub.references import Reference, read_reference
from app.hub.resolve import find_local


def fetch(ground: Ground, name: str, *, projector: bool = True, ask: bool = False) -> Path:
    """The model's file, downloaded if it is not here; `ask`: not before someone agreed."""
    reference = read_reference(name)
    if reference is None:
        raise InvalidRequest(f'"{name}" does not name a model of the hub. Write owner/repo.')
    if here := find_local(reference, ground.library()):
        typer.echo(f"{here.full_title} is here already.", err=True)
        return here.path
    with open_catalog() as catalog:
        offer = catalog.offer(reference)
        variant = _choose(ground, catalog, offer, reference)
    eye = min(offer.projectors, key=_preference, default=None) if projector else None
    title = f"{variant.title} {variant.quantization}".strip()
    size = in_words(variant.size + (eye.size if eye else 0))
    typer.echo(f"{title} is {size}, and goes to {ground.models}.", err=True)
    if ask and not typer.confirm("Download it?", default=True, err=True):
        raise InvalidRequest(f"{name} is not on this machine, and was not downloaded.")
    try:
        with Meter(title) as meter:

            def watch(event: DownloadState) -> None:
                meter.show(event.received, event.download.size, event.note)

            return download(ground, reference.repository, variant, eye, watch)
    except KeyboardInterrupt:
        kept = "Stopped. What has arrived is kept; the same command goes on from there."
        typer.echo(kept, err=True)
        raise


def fetch_to_run(name: str, *, yes: bool) -> Path:
    """For a command that cannot do without; asks on a terminal, unless it was said not to."""
    ask = not yes and sys.stdin.isatty() and sys.stderr.isatty()
    try:
        return fetch(find_ground(), name, ask=ask)
    except HubError as error:
        if error.details.get("state") != "offline":
            raise
        raise HubError(f"{name} is not on this machine. {error.message}") from error


def _preference(variant: Variant) -> tuple[bool, int]:
    return variant.quantization not in ("F16", "BF16"), preference(variant.quantization)


def _choose(ground: Ground, catalog: Catalog, offer: Offer, reference: Reference) -> Variant:
    if reference.file:
        return offer.having(reference.file)
    if reference.quantization or len(offer.variants) < 2:
        return offer.choose(reference.quantization)
    facts = catalog.facts(offer.choose())
    judged = judge(offer, facts, ground.fit_settings(facts.trained_ctx), ground.devices())
    found = recommend(judged, facts.parameters)
    variant = found.judged.variant
    typer.echo(f"{variant.quantization} is recommended here: {found.why}.", err=True)
    return variant
