"""The tree of commands: each group is a module of its own, imported only when it is called.

What a group stands on takes a while to import, and most calls name the one they want.
"""

from collections.abc import Callable, Sequence

import typer

from app import __version__


def _run(app: typer.Typer) -> None:
    from app.cli import run

    app.command()(run.run)


def _chats(app: typer.Typer) -> None:
    from app.cli import chats

    app.add_typer(chats.app)


def _models(app: typer.Typer) -> None:
    from app.cli import models

    app.add_typer(models.app)


def _runtimes(app: typer.Typer) -> None:
    from app.cli import runtimes

    app.add_typer(runtimes.app)


def _bench(app: typer.Typer) -> None:
    from app.cli import bench

    app.add_typer(bench.app)


def _doctor(app: typer.Typer) -> None:
    from app.cli import doctor

    app.command()(doctor.doctor)


def _version(app: typer.Typer) -> None:
    @app.command()
    def version() -> None:  # pyright: ignore[reportUnusedFunction]
        """Print the version."""
        typer.echo(f"llama-chat {__version__}")


_GROUPS: dict[str, Callable[[typer.Typer], None]] = {
    "run": _run,
    "chats": _chats,
    "models": _models,
    "runtimes": _runtimes,
    "bench": _bench,
    "doctor": _doctor,
    "version": _version,
}


def tree(arguments: Sequence[str]) -> typer.Typer:
    """With the group that is called alone; with all of them for help and for what is unknown."""
    app = typer.Typer(
        name="llama-chat",
        help="Chat with local models. Without a command the window opens.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # A tree of one command would be that command, without its name.
    app.callback()(lambda: None)
    named = [name for name in arguments[:1] if name in _GROUPS]
    for name in named or _GROUPS:
        _GROUPS[name](app)
    return app
