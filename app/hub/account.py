"""Who the user is at the hub: the hub library's own login, which other programs share.

Blocks on the network, on whichever thread calls. Always true: the token is kept by the library
alone, after the hub knew it, and is in no message.
"""

import os
from contextlib import suppress
from typing import Any

import httpx2
import msgspec

from app.core.errors import HubError, InvalidRequest, StorageError
from app.core.messages import clean_text
from app.hub.answers import any_shape, whole
from app.hub.plain_errors import failed, offline, plain_errors

TOKENS_URL = "https://huggingface.co/settings/tokens"
_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")  # the library takes a token from these first
_TIMEOUT_S = 8.0
_MOST_CHARS = 80


class Account(msgspec.Struct, frozen=True):
    """Nobody's, as long as no token is there."""

    has_token: bool = False
    name: str = ""  # empty: the hub did not say whose it is
    variable: str = ""  # the token comes from this one of the environment, not from a login
    refused: bool = False  # the hub does not know the token, or no longer


class _Known(msgspec.Struct):
    name: str


def ask_account() -> Account:
    """Asks the hub only when there is a token."""
    token: str | None = _library().get_token()
    if not token:
        return Account()
    variable = next((each for each in _VARIABLES if os.environ.get(each)), "")
    try:
        return Account(True, _name(token), variable)
    except HubError as error:
        return Account(True, "", variable, refused=error.details["state"] == "gated")


def log_in(token: str) -> str:
    """The name by which the hub knows who has this token."""
    token = token.strip()
    if not token.isascii() or not token.isprintable() or not token or " " in token:
        raise InvalidRequest(f"That is no access token. Make one at {TOKENS_URL}.")
    try:
        name = _name(token)
        with plain_errors(), any_shape():
            _library().login(token, skip_if_logged_in=False)
    except HubError as error:
        if error.details["state"] != "gated":
            raise
        unknown = f"The hub does not know this token. Make a new one at {TOKENS_URL}."
        raise failed(unknown, "gated") from error
    except OSError as error:
        raise StorageError(f"The login could not be kept ({error.strerror}).") from error
    return name


def log_out() -> None:
    """The programs that share the login are logged out with it."""
    library = _library()
    with suppress(OSError):  # its last step asks git, which need not be on this machine
        library.logout()
    if library.get_token():
        raise StorageError("The stored token could not be deleted. Log out where it came from.")


def _name(token: str) -> str:
    """Asked by ourselves first: the library would wait for an answer without end."""
    library = _library()
    if library.is_offline_mode():
        raise offline()
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or library.constants.ENDPOINT
    with plain_errors(), httpx2.Client(timeout=_TIMEOUT_S) as client:
        bearer = {"Authorization": f"Bearer {token}"}
        with client.stream("GET", f"{endpoint}/api/whoami-v2", headers=bearer) as streamed:
            response = whole(streamed)
        with any_shape():
            library.utils.hf_raise_for_status(response)
            known = msgspec.json.decode(response.content, type=_Known)
    return clean_text(known.name)[:_MOST_CHARS]


def _library() -> Any:  # its types are not known whole
    import huggingface_hub

    return huggingface_hub
