"""`llama-chat`: without a command the window opens; with one, a scriptable command runs.

Exit codes: 0 ok, 1 a known error (one sentence on stderr), 2 usage, 3 the worker died,
130 interrupted. Heavy rooms are imported by the command that needs them.
"""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from app.core.errors import KnownError, WorkerDied

_OK, _KNOWN, _WORKER_DIED, _INTERRUPTED = 0, 1, 3, 130
_WINDOW_FLAGS = ("--verbose", "-v")


def main(arguments: Sequence[str]) -> int:
    try:
        if _wants_window(arguments):
            return _open_window(arguments)
        return _run_command(arguments)
    except KnownError as error:
        print(error.message, file=sys.stderr)
        return _WORKER_DIED if isinstance(error, WorkerDied) else _KNOWN
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception:  # noqa: BLE001  (the last door: a bug of ours still ends in an exit code)
        traceback.print_exc()
        return _KNOWN


def _wants_window(arguments: Sequence[str]) -> bool:
    words = [word for word in arguments if word not in _WINDOW_FLAGS]
    return not words or (len(words) == 1 and words[0].lower().endswith(".gguf"))


def _open_window(arguments: Sequence[str]) -> int:
    from app.bootstrap.window import run_window

    models = [Path(word) for word in arguments if word not in _WINDOW_FLAGS]
    verbose = any(word in _WINDOW_FLAGS for word in arguments)
    return run_window(models[0] if models else None, verbose=verbose)


def _run_command(arguments: Sequence[str]) -> int:
    import typer
    from typer.exceptions import TyperException

    from app.cli.commands import tree

    try:
        result: object = tree(arguments)(list(arguments), standalone_mode=False)
    except TyperException as error:
        print(f"llama-chat: {error.format_message()}", file=sys.stderr)
        return error.exit_code
    except typer.Abort:
        return _INTERRUPTED
    return result if isinstance(result, int) else _OK
