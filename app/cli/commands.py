"""The tree of commands; each group is a module of its own and is added here."""

import typer

from app import __version__
from app.cli import bench, chats, run

app = typer.Typer(
    name="llama-chat",
    help="Chat with local models. Without a command the window opens.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run.run)
app.add_typer(chats.app)
app.add_typer(bench.app)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"llama-chat {__version__}")
