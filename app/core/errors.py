"""Every error the app raises on purpose, and how one crosses the pipe.

    AppError
    ├── KnownError            the world's fault: one plain sentence that says what to do next
    │   ├── InvalidRequest        a request that can never succeed as it is
    │   ├── ModelLoadFailed       a model that could not be loaded, and why
    │   ├── OutOfMemory           memory or device memory ran out
    │   ├── ContextLimitExceeded  a prompt larger than the chat's context
    │   ├── GenerationTimeout     a deadline passed
    │   ├── QueueFull             a bounded queue refused more work
    │   ├── WorkerDied            the engine process ended or fell silent
    │   ├── Stopped               its model was unloaded, or the app closes: not to be retried
    │   ├── StorageError          the database cannot be read or written
    │   ├── AlreadyRunning        another instance owns the data folder
    │   └── HubError              a catalog or download failure
    └── BugError              ours: the traceback is in the log, diagnostics are offered

The message of a KnownError is shown to people as it stands.
"""

from typing import ClassVar

import msgspec

from app.core.messages import clean_text

Detail = int | float | str | bool


class AppError(Exception):
    """The root: `kind` names the class on the wire, `details` are its typed facts."""

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, **details: Detail) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class KnownError(AppError):
    kind = "known"


class BugError(AppError):
    kind = "bug"


class InvalidRequest(KnownError):
    kind = "invalid_request"


class ModelLoadFailed(KnownError):
    kind = "model_load_failed"


class OutOfMemory(KnownError):
    kind = "out_of_memory"


class GenerationTimeout(KnownError):
    kind = "generation_timeout"


class QueueFull(KnownError):
    kind = "queue_full"


class WorkerDied(KnownError):
    kind = "worker_died"


class Stopped(KnownError):
    kind = "stopped"


class StorageError(KnownError):
    kind = "storage"


class AlreadyRunning(KnownError):
    kind = "already_running"


class HubError(KnownError):
    kind = "hub"


class ContextLimitExceeded(KnownError):
    kind = "context_limit_exceeded"

    def __init__(self, message: str = "", *, maximum: int = 0, required: int = 0) -> None:
        super().__init__(
            message
            or f"This conversation needs {required:,} tokens but the model's context holds "
            f"{maximum:,}. Shorten it or raise the chat context in Settings.",
            maximum=maximum,
            required=required,
        )
        self.maximum = maximum
        self.required = required


class ErrorInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as a value: what the pipe, the database and the HTTP face carry."""

    kind: str
    message: str
    details: dict[str, Detail] = {}


def _classes(root: type[AppError]) -> dict[str, type[AppError]]:
    found = {root.kind: root}
    for sub in root.__subclasses__():
        found |= _classes(sub)
    return found


def to_info(error: BaseException) -> ErrorInfo:
    """Anything that is not a KnownError is a bug of ours; its text stays out of people's sight."""
    if isinstance(error, MemoryError):
        error = OutOfMemory("There is not enough memory for this. Close other programs.")
    if isinstance(error, AppError):
        # The message may quote a model's file, which may hold anything.
        return ErrorInfo(error.kind, clean_text(error.message), error.details)
    what = type(error).__name__
    return ErrorInfo(BugError.kind, f"Something went wrong inside the app ({what}).")


def from_info(info: ErrorInfo) -> AppError:
    cls = _classes(AppError).get(info.kind, BugError)
    return cls(info.message, **info.details)  # type: ignore[arg-type]
