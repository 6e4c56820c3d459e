"""`llama-chat chats …`: the stored conversations from the command line.

Reading commands open the database read-only, beside an open window. Writing ones hold the
instance lock while they run, or refuse with a sentence when the window has it.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from app.chat.finding import Finding
from app.core.errors import AppError, InvalidRequest, StorageError
from app.core.ids import ConversationId
from app.core.paths import Folders, find_folders
from app.storage import backup as backups
from app.storage import conversations, embeddings, messages, recovery, search_index
from app.storage.connection import Tx
from app.storage.database import Database, Reader
from app.storage.instance import Instance
from app.storage.search import Results
from app.storage.transfer import exporting
from app.storage.transfer.importing import import_file

app = typer.Typer(
    name="chats", help="List, search, export, import and keep chats.", no_args_is_help=True
)

_PATIENCE_S = 60  # for the embedder to load

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Id = Annotated[int, typer.Argument(help="The number that `chats list` shows.")]
_Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000)]
_Place = Annotated[Literal["chats", "archive", "trash"], typer.Option("--place")]
_Format = Annotated[Literal["markdown", "html", "json"], typer.Option("--format", "-f")]


@app.command("list")
def list_(*, place: _Place = "chats", limit: _Limit = 50, as_json: _Json = False) -> None:
    """Chats, pinned first, then newest first."""
    with _reader() as db:
        page = db.read(lambda tx: conversations.page(tx, place, limit=limit)).result()
    if as_json:
        _print_json(page.items)
        return
    for chat in page.items:
        pin = "*" if chat.pinned else " "
        title = _one_line(chat.title) or "Untitled chat"
        typer.echo(f"{chat.id:>6} {pin} {_day(chat.updated_ms)} {chat.messages:>5}  {title}")


@app.command()
def show(
    chat: _Id,
    *,
    as_seen: Annotated[
        bool, typer.Option("--as-seen", help="What the model sees of it, and its price.")
    ] = False,
    model: Annotated[
        str, typer.Option("--model", "-m", help="With --as-seen: counts with this model.")
    ] = "",
    as_json: _Json = False,
) -> None:
    """One chat, the branch that is shown in the window."""
    if as_seen:
        _show_as_seen(ConversationId(chat), model, as_json)
        return

    def read(tx: Tx) -> tuple[str, list[messages.StoredMessage]]:
        found = conversations.get(tx, ConversationId(chat))
        return exporting.page(tx, found.id, "markdown")[1].decode(), messages.path(tx, found.id)

    with _reader() as db:
        text, branch = db.read(read).result()
    if as_json:
        _print_json(branch)
    else:
        typer.echo(text, nl=False)


def _show_as_seen(chat: ConversationId, model: str, as_json: bool) -> None:
    from app.cli.seen import lines, look

    with _reader() as db:
        seen = look(db, chat, model)
    if as_json:
        _print_json({**msgspec.structs.asdict(seen.account), "total": seen.account.total})
    else:
        typer.echo("\n".join(lines(seen)))


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help='Words, "phrases", in: role: before: after:')],
    *,
    limit: _Limit = 20,
    as_json: _Json = False,
) -> None:
    """Find messages in all chats; ≈ marks what was found by its meaning."""
    with _reader() as db:
        found = _found(db, " ".join(words), limit)
    if as_json:
        _print_json(found.groups)
        return
    for group in found.groups:
        typer.echo(f"{group.conversation_id:>6}  {_one_line(group.title) or 'Untitled chat'}")
        for hit in group.hits:
            typer.echo(f"      {'≈' if hit.meant else ' '} {hit.role}: {hit.snippet.text}")
    if not found.groups:
        raise typer.Exit(1)


@app.command()
def export(
    chats: Annotated[list[int] | None, typer.Argument(help="Numbers; with --all, none.")] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Every chat outside the trash.")
    ] = False,
    format: _Format = "markdown",
    to: Annotated[Path | None, typer.Option("--to", help="A file, or a folder for many.")] = None,
) -> None:
    """Write chats as Markdown, HTML or JSON; one page goes to stdout without --to."""
    if everything == bool(chats):
        raise typer.BadParameter("name chats by number, or give --all")
    with _reader() as db:
        ids = db.read(exporting.all_ids).result() if everything else list(map(_id, chats or ()))
        if to is None:
            if len(ids) != 1:
                raise typer.BadParameter("several chats need --to")
            _, content = db.read(lambda tx: exporting.page(tx, ids[0], format)).result()
            sys.stdout.buffer.write(content)
            return
        files = exporting.export(db, ids, format, to)
    typer.echo(f"{len(ids):,} chats in {files[0] if len(files) == 1 else to}", err=True)


@app.command("import")
def import_(files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Bring in our JSON, ChatGPT and Claude exports, or OpenAI-style message lists."""
    with _writer() as db:
        for file in files:
            typer.echo(f"{file.name}: {import_file(db, file).sentence()}")


@app.command()
def backup(*, show_all: Annotated[bool, typer.Option("--list")] = False) -> None:
    """Make a verified backup now; works beside an open window."""
    database = _existing().database
    if not show_all:
        typer.echo(backups.make(database, "manual").path)
        return
    for found in backups.find(database):
        size = found.path.stat().st_size / 2**20
        typer.echo(f"{_day(found.made_ms)} {found.reason:9} {size:8.1f} MB  {found.path}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A path that `chats backup --list` shows.")],
) -> None:
    """Put a backup in place of the chats; those are set aside, not deleted."""
    folders = find_folders()
    with Instance(folders.data):
        if not file.exists():
            raise InvalidRequest(f"{file} does not exist.")
        aside = backups.restore(file, folders.database)
    kept = f" What was there is in {aside}." if aside else ""
    typer.echo(f"Restored {file.name}.{kept}")


@app.command()
def check(*, repair: Annotated[bool, typer.Option("--repair")] = False) -> None:
    """Read every page, check every reference and the search index."""

    def faults(tx: Tx) -> list[str]:
        found = [str(row[0]) for row in tx.rows("PRAGMA integrity_check(20)") if row[0] != "ok"]
        found += [f"dangling reference in {row[0]}" for row in tx.rows("PRAGMA foreign_key_check")]
        if not search_index.is_sound(tx):
            found.append("the search index does not match the messages")
            if repair:
                search_index.rebuild(tx)
                found[-1] += " (rebuilt)"
        return found

    with _writer() as db:
        found = db.write(faults).result()
    for fault in found:
        typer.echo(fault)
    if any("rebuilt" not in fault for fault in found):
        raise typer.Exit(1)
    typer.echo("The chats are sound.")


def _found(db: Reader, text: str, limit: int) -> Results:
    """By meaning too, where messages have vectors: the embedder is started for this question."""
    known = db.read(embeddings.models).result()
    by_words = Finding(db, None).by_words(text, limit)
    if not known:
        return by_words.result()
    from app.bootstrap.embedder import open_senses

    with open_senses(known) as senses:
        try:
            both = Finding(db, senses).by_meaning(text, limit).result(_PATIENCE_S)
        except (AppError, TimeoutError) as error:
            why = error.message if isinstance(error, AppError) else "The embedder took too long."
            typer.echo(f"By words alone: {why}", err=True)
            both = None
    return both or by_words.result()


def _id(number: int) -> ConversationId:
    return ConversationId(number)


def _existing() -> Folders:
    folders = find_folders()
    if not folders.database.exists():
        raise StorageError("There are no chats here yet.")
    return folders


@contextmanager
def _reader() -> Generator[Reader]:
    reader = Reader(_existing().database)
    try:
        yield reader
    finally:
        reader.close()


@contextmanager
def _writer() -> Generator[Database]:
    folders = find_folders()
    with Instance(folders.data):
        db, report = recovery.open_database(folders.database)
        if report is not None:
            typer.echo(report.sentence(), err=True)
        try:
            yield db
        finally:
            db.close()


def _print_json(value: Any) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone().strftime("%Y-%m-%d")


def _one_line(text: str) -> str:
    return " ".join(text.split())
