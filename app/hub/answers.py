"""What the hub answers: taken with a bound, and with nothing believed about its shape.

On the thread that asks. Always true: an answer that is too long, no JSON, or of other types than
it should be is a HubError, never an exception of whoever reads it.
"""

from collections.abc import Generator
from contextlib import contextmanager

import httpx2
import msgspec
from huggingface_hub.errors import HFValidationError

from app.core.errors import HubError
from app.hub.plain_errors import failed

ANSWER_BYTES = 32 << 20
_OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding")


def read_up_to(response: httpx2.Response, limit: int) -> bytes:
    """Up to `limit` bytes, whatever the server goes on to send."""
    data = bytearray()
    for chunk in response.iter_bytes(1 << 16):
        data += chunk
        if len(data) >= limit:
            break
    return bytes(data[:limit])


def whole(response: httpx2.Response) -> httpx2.Response:
    """A streamed answer with its body, an error's too: the library reads those without a bound."""
    data = read_up_to(response, ANSWER_BYTES + 1)
    if len(data) > ANSWER_BYTES:
        raise failed("The hub's answer is larger than any answer should be.", "trouble")
    headers = [
        (name, value)
        for name, value in response.headers.multi_items()
        if name.lower() not in _OF_THE_BODY
    ]
    return httpx2.Response(
        response.status_code, headers=headers, content=data, request=response.request
    )


@contextmanager
def any_shape() -> Generator[None]:
    """Around the reading of an answer: the library takes its values for what they should be."""
    try:
        yield
    except (HubError, HFValidationError):
        raise
    except (
        AttributeError,
        KeyError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
        msgspec.DecodeError,
    ) as error:
        raise failed("The hub answered with something else than was asked.", "trouble") from error
