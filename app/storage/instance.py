"""One process owns the data folder: a lock the system drops when the owner dies, however.

The owner listens on a local socket (a named pipe on Windows) so that a second start can hand
over its arguments and raise the first window. The listener is a thread of this module, ended
by `close`; `on_raise` is called there. Only bytes cross, never pickles.
"""

import errno
import logging
import os
import secrets
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

import msgspec

from app.core.errors import AlreadyRunning, StorageError
from app.storage.files import replace_with
from app.storage.json_text import json_text

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)  # by another process
_LOCK, _ADDRESS = "instance.lock", "instance.json"
_DONE, _QUIT = b"done", b"quit"
_MAX_BYTES = 64 * 1024
_ANSWER_S = 5.0
_SOCKET_PATH_CHARS = 90  # the system's limit is 104 or 108 bytes

_log = logging.getLogger(__name__)


class _Peer(Protocol):
    def poll(self, timeout: float, /) -> bool: ...
    def recv_bytes(self, maxlength: int, /) -> bytes: ...


class _Channel(msgspec.Struct, frozen=True):
    address: str
    key: str


class Instance:
    """The held lock; a context manager."""

    def __init__(self, folder: Path, on_raise: Callable[[list[str]], None] | None = None) -> None:
        self._folder = folder
        self._lock = _lock(folder / _LOCK)
        self._listening: tuple[threading.Thread, _Channel] | None = None
        try:
            (folder / _ADDRESS).unlink(missing_ok=True)  # of an owner that was killed
            if on_raise is not None:
                self._listening = self._listen(on_raise)
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        if self._listening is not None:
            thread, channel = self._listening
            _say(channel, _QUIT)
            thread.join()
            (self._folder / _ADDRESS).unlink(missing_ok=True)
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _listen(self, on_raise: Callable[[list[str]], None]) -> tuple[threading.Thread, _Channel]:
        key = secrets.token_bytes(32)
        listener = Listener(_socket_address(self._folder), authkey=key)
        channel = _Channel(str(listener.address), key.hex())
        thread = threading.Thread(target=_serve, args=(listener, on_raise), name="instance")
        thread.start()
        replace_with(self._folder / _ADDRESS, msgspec.json.encode(channel))
        return thread, channel


def raise_first(folder: Path, arguments: Sequence[str] = ()) -> bool:
    """Hand our arguments to the window that is open; whether it answered."""
    try:
        channel = msgspec.json.decode((folder / _ADDRESS).read_bytes(), type=_Channel)
    except (OSError, msgspec.DecodeError):
        return False
    return _say(channel, json_text(list(arguments)).encode())


def _lock(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise StorageError(
            f"The chats' folder {path.parent} cannot be used ({error.strerror})."
        ) from error
    try:
        path.chmod(0o600)
        _try_lock(file)
    except OSError as error:
        file.close()
        if error.errno in _TAKEN:
            raise AlreadyRunning(
                "Llama Chat is already open on these chats. Close it first, then try again."
            ) from error
        raise StorageError(
            f"The chats' folder {path.parent} cannot be locked ({error.strerror}). "
            "Move it to a drive of this computer."
        ) from error
    return file


def _socket_address(folder: Path) -> str | None:
    """A socket beside the lock; None lets the system choose one."""
    path = folder / "instance.socket"
    if sys.platform == "win32" or len(os.fsencode(path)) > _SOCKET_PATH_CHARS:
        return None
    path.unlink(missing_ok=True)
    return str(path)


def _serve(listener: Listener, on_raise: Callable[[list[str]], None]) -> None:
    with listener:
        while True:
            try:
                with listener.accept() as peer:
                    message = _receive(peer)
                    if message == _QUIT:
                        return
                    on_raise(msgspec.json.decode(message, type=list[str]))
                    peer.send_bytes(_DONE)
            except (OSError, EOFError, AuthenticationError, msgspec.DecodeError) as error:
                _log.warning("a second start was not understood: %s", error)


def _receive(peer: _Peer) -> bytes:
    if not peer.poll(_ANSWER_S):
        raise EOFError("nothing was said")
    return peer.recv_bytes(_MAX_BYTES)


def _say(channel: _Channel, message: bytes) -> bool:
    try:
        with Client(channel.address, authkey=bytes.fromhex(channel.key)) as peer:
            peer.send_bytes(message)
            return message == _QUIT or (peer.poll(_ANSWER_S) and peer.recv_bytes(16) == _DONE)
    except (OSError, EOFError, AuthenticationError):
        return False
