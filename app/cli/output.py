"""What commands print for scripts."""

from typing import Any

import msgspec
import typer


def print_json(value: Any) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())
