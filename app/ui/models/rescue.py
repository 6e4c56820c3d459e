"""What to try when a model could not be loaded: the next step, as one press. Pure.

The engine has taken its own ladder by then; these steps are the ones only a person may take.
"""

from collections.abc import Callable

import msgspec

from app.core.errors import ErrorInfo, OutOfMemory
from app.core.settings import ModelSettings, Settings

_LEAST_CTX = 2048
_HALF = 2


class Step(msgspec.Struct, frozen=True):
    label: str
    edit: Callable[[Settings], Settings]


def next_step(error: ErrorInfo, settings: Settings, path: str, *, has_gpu: bool) -> Step | None:
    """None: no setting would help; another model would. `path`: of the one that failed."""
    own, models = settings.models.own_of(path), settings.models.for_model(path)
    if error.kind != OutOfMemory.kind:
        return None
    if has_gpu and models.device != "cpu" and models.gpu_layers != 0:
        return Step("Load it without the GPU", lambda old: _with(old, device="cpu"))
    if models.chat_ctx > _LEAST_CTX:
        smaller = max(_LEAST_CTX, models.chat_ctx // _HALF)
        label = f"Load it with a context of {smaller:,} tokens"
        if own.chat_ctx is None:
            return Step(label, lambda old: _with(old, chat_ctx=smaller))
        return Step(label, lambda old: _with_own(old, path, smaller))
    if models.parallel > 1:
        return Step("Load it for one reply at a time", lambda old: _with(old, parallel=1))
    return None


def _with_own(settings: Settings, path: str, chat_ctx: int) -> Settings:
    own = msgspec.structs.replace(settings.models.own_of(path), chat_ctx=chat_ctx)
    return msgspec.structs.replace(settings, models=settings.models.with_own(own))


def _with(settings: Settings, **values: object) -> Settings:
    models: ModelSettings = msgspec.structs.replace(settings.models, **values)
    return msgspec.structs.replace(settings, models=models)
