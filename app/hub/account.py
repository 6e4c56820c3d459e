"""Who the user is at the hub: the hub library's own login, which other programs share.

Blocks on the network, on whichever thread calls. Always true: the token is kept by the library
alone, after the hub knew it, and is in no message.
"""

from typing import Any

from app.core.errors import InvalidRequest
from app.hub.answers import any_shape
from app.hub.plain_errors import plain_errors


def log_in(token: str) -> None:
    import huggingface_hub

    hub: Any = huggingface_hub  # its types are not known whole
    token = token.strip()
    if not token.isascii() or not token.isprintable() or not token or " " in token:
        raise InvalidRequest(
            "That is no access token. Make one at https://huggingface.co/settings/tokens."
        )
    with plain_errors(), any_shape():
        hub.login(token, skip_if_logged_in=False)
