"""`llama-chat doctor`: how this installation is, for people and for scripts.

Needs neither the instance lock nor a database that is whole, so it works beside an open window and
where nothing else does. Never a word of any chat.
"""

from typing import Annotated

import typer

from app.bootstrap.checkup import check_up
from app.bootstrap.diagnostics import at_home, lines
from app.cli.output import print_json
from app.core.paths import find_folders


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Versions, devices, folders, chats, models, and how good the memory estimates are."""
    checkup = check_up(find_folders())
    if as_json:
        print_json(checkup)
    else:
        typer.echo(at_home("\n".join(lines(checkup)).strip()))
    for problem in checkup.problems:
        typer.echo(problem, err=True)
    if checkup.problems:
        raise typer.Exit(1)
