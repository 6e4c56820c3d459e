"""`llama-chat models …`: what is on this machine, what the hub has, and the way between them.

Needs neither the database nor the instance lock, so it works beside an open window.
"""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from app.bootstrap.hub import find_ground, open_catalog
from app.cli import models_text as text
from app.cli.fetching import fetch
from app.cli.output import print_json
from app.cli.progress import Meter
from app.core.errors import InvalidRequest
from app.core.lines import in_words
from app.hub import trash
from app.hub.account import log_in
from app.hub.catalog import Listing, Query, Sort
from app.hub.choosing import most_parameters
from app.hub.importing import How, Imported, Progress, import_models
from app.hub.models import Broken, Model
from app.hub.suggestions import suggest

app = typer.Typer(
    name="models", help="Find, download, import, look at and remove models.", no_args_is_help=True
)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Name = Annotated[str, typer.Argument(help="A path, a discovered name, or owner/repo[:quant].")]


@app.command("list")
def list_(*, as_json: _Json = False) -> None:
    """The models on this machine, and the files that are broken."""
    ground = find_ground()
    library = ground.library()
    if as_json:
        print_json(
            {
                "models": [text.plain(model) for model in library.models],
                "broken": [{"path": str(b.path), "reason": b.reason} for b in library.broken],
            }
        )
        return
    for line in text.table(library.models):
        typer.echo(line)
    for broken in library.broken:
        typer.echo(f"{broken.path}: {broken.reason}", err=True)
    if not library.models:
        typer.echo(f"No models yet. They are looked for in {ground.models}.", err=True)
        for one in suggest(max(device.total_bytes for device in ground.devices())):
            typer.echo(f"  {one.reference}  {one.bytes / 1e9:.1f} GB  {one.good_for}", err=True)


@app.command()
def search(
    words: Annotated[
        list[str] | None, typer.Argument(help="Words, @author, owner/repo, or a URL.")
    ] = None,
    *,
    sort: Annotated[Sort, typer.Option("--sort")] = "trending_score",
    licence: Annotated[
        str, typer.Option("--licence", "--license", help="Such as mit or apache-2.0.")
    ] = "",
    architecture: Annotated[
        str, typer.Option("--architecture", "--arch", help="Such as qwen3.")
    ] = "",
    largest: Annotated[
        float, typer.Option("--largest", min=0.0, help="At most so many billion parameters.")
    ] = 0.0,
    fits: Annotated[bool, typer.Option("--fits", help="What this machine could hold.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500)] = 20,
    as_json: _Json = False,
) -> None:
    """Search the hub for GGUF models."""
    most = int(largest * 1e9)
    if fits:
        room = most_parameters(find_ground().devices())
        most = min(most, room) if most else room
    query = Query(" ".join(words or ()), sort, licence, architecture, most_parameters=most)
    found: list[Listing] = []
    with open_catalog() as catalog:
        searching = catalog.search(query)
        while len(found) < limit and not searching.finished:
            found += searching.page()
    found = found[:limit]
    if as_json:
        print_json(found)
        return
    for line in text.listings(found):
        typer.echo(line)
    if not found:
        raise typer.Exit(1)


@app.command("download")
def download_(
    name: Annotated[str, typer.Argument(help="owner/repo[:quant], or a URL of the hub.")],
    *,
    projector: Annotated[
        bool, typer.Option(help="Also what the model needs to see pictures.")
    ] = True,
    as_json: _Json = False,
) -> None:
    """Download a model; without a quantization the one that suits this machine."""
    path = fetch(find_ground(), name, projector=projector)
    if as_json:
        print_json({"path": str(path)})
    else:
        typer.echo(path)


@app.command()
def login() -> None:
    """Log in to the hub with an access token, for models that ask for permission."""
    if sys.stdin.isatty():
        token: str = typer.prompt("Access token (it is not shown)", hide_input=True, err=True)
    else:
        token = sys.stdin.readline()
    log_in(token)
    typer.echo("The hub knows you now.")


@app.command()
def info(name: _Name, *, as_json: _Json = False) -> None:
    """What a model is, whether it fits here and why, what its chat template can do."""
    ground = find_ground()
    subject = text.find_subject(name, ground)
    about = text.About.of(subject, ground)
    if as_json:
        print_json(about)
        return
    for line in about.lines():
        typer.echo(line)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="A discovered name, or a path.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    forever: Annotated[bool, typer.Option("--forever", help="No way back, space now.")] = False,
) -> None:
    """Remove a model of the app's own folder; `restore` brings it back within a day."""
    ground = find_ground()
    library = ground.library()
    model = _removable(name, library.broken) or library.find(name, {*text.KINDS})
    title = model.full_title if isinstance(model, Model) else model.path.name
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("say --yes to remove without being asked")
        if not typer.confirm(f"Remove {title} ({model.path})?"):
            raise typer.Exit(1)
    trash.sweep(ground.models)
    removal = trash.remove(model, library, ground.models)
    if forever:
        trash.delete(removal, ground.models)
        typer.echo(f"{title} is deleted: {in_words(removal.size)} are free again.")
    else:
        typer.echo(f'{title} is removed. Within a day "llama-chat models restore" brings it back.')


@app.command()
def restore(
    name: Annotated[str, typer.Argument(help="Which one; without, the latest.")] = "",
) -> None:
    """Bring back a model that was removed within the last day."""
    folder = find_ground().models
    found = [one for one in trash.removed(folder) if name.casefold() in one.title.casefold()]
    if not found:
        raise InvalidRequest("There is nothing of that name to bring back.")
    trash.restore(found[0], folder)
    typer.echo(f"{found[0].title} is back.")


@app.command("import")
def import_(
    sources: Annotated[list[Path], typer.Argument(help="Model files, or folders of them.")],
    *,
    how: Annotated[How, typer.Option("--how", help="Linked, the files stay where they are.")] = (
        "link"
    ),
    as_json: _Json = False,
) -> None:
    """Bring model files of this machine into the models folder, verified."""
    with Meter("Importing") as meter:

        def report(progress: Progress) -> None:
            meter.show(progress.done, progress.total, progress.title)

        outcomes = import_models(sources, find_ground().models, how, report=report)
    if as_json:
        print_json([msgspec.structs.asdict(one) | {"path": str(one.path)} for one in outcomes])
    else:
        for one in outcomes:
            typer.echo(_told(one), err=one.outcome == "refused")
    if all(one.outcome == "refused" for one in outcomes):
        raise typer.Exit(1)


def _told(one: Imported) -> str:
    match one.outcome:
        case "imported":
            return f"{one.title} is imported: {one.path}"
        case "here_already":
            return f"{one.title} is here already: {one.path}"
        case "refused":
            return f"{one.path} is not imported. {one.reason}"


def _removable(name: str, broken: tuple[Broken, ...]) -> Broken | None:
    path = Path(name).expanduser().absolute()
    return next((one for one in broken if one.path == path or one.path.name == name), None)
