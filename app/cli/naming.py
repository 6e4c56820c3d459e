"""The model that a command runs: on this machine, or fetched from the hub first.

What the hub stands on takes a second to import, so it is imported when it is needed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from app.bootstrap.models import named_model
from app.hub.resolve import NotHere

ModelName = Annotated[
    str,
    typer.Option(
        "--model", "-m", help="A path, a discovered name, owner/repo[:quant], or `default`."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Download the model without asking.")]


def model_to_run(
    name: str, *, yes: bool = False, before_fetching: Callable[[], None] = lambda: None
) -> Path:
    try:
        return named_model(name)
    except NotHere:
        from app.cli.fetching import fetch_to_run

        before_fetching()
        return fetch_to_run(name, yes=yes)
