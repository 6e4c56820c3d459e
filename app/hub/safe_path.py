"""Where a file of the hub may be written: a name from the network becomes a path below a root.

Pure functions. Always true: the path is inside the root under the rules of POSIX and of Windows
alike, whatever the name says.
"""

import re
from pathlib import Path, PureWindowsPath

from app.core.errors import HubError

_PART = re.compile(r"[A-Za-z0-9_\[(][A-Za-z0-9_.+=@,()\[\] -]{0,199}")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_MAX_PARTS, _MAX_LENGTH = 6, 300


def is_safe(name: str) -> bool:
    parts = name.split("/")
    return (
        len(parts) <= _MAX_PARTS
        and len(name) <= _MAX_LENGTH
        and all(_is_safe_part(part) for part in parts)
    )


def place(root: Path, *names: str) -> Path:
    """The path of names (each may have several parts) below a root."""
    name = "/".join(names)
    if not is_safe(name):
        raise HubError("The hub names a file in a way that is not safe to write, so it is refused.")
    path = root.joinpath(*name.split("/"))
    below = PureWindowsPath(root, *name.split("/")).is_relative_to(PureWindowsPath(root))
    if not below or not path.is_relative_to(root):
        raise HubError("The hub names a file outside of the models folder, so it is refused.")
    return path


def _is_safe_part(part: str) -> bool:
    return bool(
        _PART.fullmatch(part)
        and not part.endswith((".", " "))
        and ".." not in part
        and not _RESERVED.fullmatch(part.strip())
    )
