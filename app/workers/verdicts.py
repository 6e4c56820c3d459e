"""Why an engine ended, as sentences that people can act on."""

from pathlib import Path

from app.core.errors import AppError, ModelLoadFailed, OutOfMemory, WorkerDied
from app.core.ids import WorkerId
from app.workers.process import Exit

_AGAIN = "It is being restarted; send the message again."


def died(worker: WorkerId, end: Exit) -> WorkerDied:
    said = f" It said: {end.hint}." if end.hint else ""
    return WorkerDied(
        f"The model's engine stopped unexpectedly ({end.how}).{said} {_AGAIN}",
        worker=worker,
        signal=end.signal_name,
        exit_code=end.code,
    )


def never_started(worker: WorkerId) -> WorkerDied:
    return WorkerDied(f"The model's engine did not start in time. {_AGAIN}", worker=worker)


def fell_silent(worker: WorkerId) -> WorkerDied:
    return WorkerDied(f"The model's engine stopped responding. {_AGAIN}", worker=worker)


def outgrew(worker: WorkerId, ceiling_bytes: int) -> OutOfMemory:
    return OutOfMemory(
        f"The model's engine needed more than the {ceiling_bytes / 1e9:.1f} GB it may use and "
        "was restarted. Shorten the context or raise the limit.",
        worker=worker,
    )


def could_not_start(error: Exception) -> ModelLoadFailed:
    why = error.strerror if isinstance(error, OSError) else error
    return ModelLoadFailed(f"The engine could not be started ({why}). Close other programs.")


def wrong_version() -> ModelLoadFailed:
    return ModelLoadFailed("The engine belongs to another version. Install the app again.")


def load_crashed(model: str, end: Exit) -> AppError:
    name = Path(model).name
    if end.lacked_memory:
        return OutOfMemory(
            f"The engine ran out of memory while loading {name}. Close other programs, shorten "
            "the context or choose a smaller model."
        )
    said = f" It said: {end.hint}." if end.hint else ""
    return ModelLoadFailed(
        f"The engine stopped while loading {name} ({end.how}).{said} "
        "The file may be damaged: download it again or choose another model."
    )
