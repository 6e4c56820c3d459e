"""What goes wrong at the hub, as one sentence each and a word for those who show it differently.

Always true: no message holds an address with a token, or what the server wrote.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

import httpx2
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from app.core.errors import HubError, InvalidRequest
from app.hub.asking import LOG_IN, retry_after

# What an error's `state` says: the network is away, the hub asks to wait, a token or a
# permission is needed, it is not there, or it is simply in trouble.
State = Literal["offline", "rate_limited", "gated", "missing", "trouble"]

_OFFLINE = "The hub cannot be reached. Check the network; local models work without it."


def failed(message: str, state: State, retry_s: float = 0.0) -> HubError:
    return HubError(message, state=state, retry_s=retry_s)


def offline() -> HubError:
    return failed(_OFFLINE, "offline")


@contextmanager
def plain_errors(repository: str = "This model") -> Generator[None]:
    try:
        yield
    except GatedRepoError as error:
        raise failed(
            f"{repository} asks for permission: accept its terms on its page at the hub, then "
            f"{LOG_IN}.",
            "gated",
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise failed(
            f"The hub has no {repository}, or it is private: then {LOG_IN}.", "missing"
        ) from error
    except HFValidationError as error:
        raise InvalidRequest("That is not the name of a model at the hub.") from error
    except (HfHubHTTPError, httpx2.HTTPStatusError) as error:
        wait = retry_after(error.response.headers.get("Retry-After", ""))
        raise _of_status(error.response.status_code, wait) from error
    except (httpx2.TransportError, OfflineModeIsEnabled) as error:
        raise offline() from error


def _of_status(status: int, wait_s: float) -> HubError:
    if status == 429:
        when = f"in {round(wait_s)} seconds" if wait_s else "in a few minutes"
        return failed(f"The hub asks to slow down. Try again {when}.", "rate_limited", wait_s)
    if status in (401, 403):
        return failed(f"The hub refuses this: {LOG_IN}.", "gated")
    return failed(f"The hub has trouble right now ({status}). Try again later.", "trouble", wait_s)
