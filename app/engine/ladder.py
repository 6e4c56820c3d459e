"""What to try when a model does not fit: one rung at a time, each a value, each told in words.

Pure. Fewer GPU layers, then a smaller context, then a quantised cache (on a GPU only: on a CPU
it costs more time than it saves memory), then the CPU alone.
"""

import msgspec

from app.core.protocol import KvType

_SMALLEST_CTX = 2048


class Attempt(msgspec.Struct, frozen=True):
    gpu_layers: int
    chat_ctx: int
    type_k: KvType = "f16"
    type_v: KvType = "f16"


def next_attempt(
    failed: Attempt, *, layers: int, asked_ctx: int, compressible: bool
) -> tuple[Attempt, str] | None:
    """The rung below and why it is taken; None at the bottom."""
    change = msgspec.structs.replace
    half = failed.gpu_layers // 2
    if failed.gpu_layers > layers // 2 and half > 0:
        return change(failed, gpu_layers=half), f"only {half} layers on the GPU"
    smaller = failed.chat_ctx // 2
    if smaller >= min(_SMALLEST_CTX, asked_ctx):
        return change(failed, chat_ctx=smaller), f"a context of {smaller:,} tokens"
    if failed.gpu_layers and failed.type_k == "f16" and compressible:
        return change(failed, type_k="q8_0", type_v="q8_0"), "a compressed cache"
    if failed.gpu_layers:
        cpu = Attempt(gpu_layers=0, chat_ctx=asked_ctx)
        return cpu, "the processor alone, without the GPU"
    return None
