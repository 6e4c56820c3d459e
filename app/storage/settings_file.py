"""The settings file: one JSON object, typed by core.settings.

Used from one thread. Every value that cannot be read is reported and its default used, and
stays in the file until it is set; of a list only the item that cannot be read is left out. Keys
we do not know are kept. Environment variables override values for this run and are never written.
"""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeGuard, cast, get_args, get_origin

import msgspec

from app.core.errors import StorageError
from app.core.settings import Settings
from app.storage.files import replace_with
from app.storage.json_text import json_text

Listener = Callable[[Settings, Settings], None]

_OVERRIDES = {
    "LLAMA_CHAT_N_CTX": ("models", "chat_ctx"),
    "LLAMA_CHAT_N_GPU_LAYERS": ("models", "gpu_layers"),
    "LLAMA_CHAT_N_THREADS": ("models", "threads"),
    "LLAMA_CHAT_PARALLEL": ("models", "parallel"),
    "LLAMA_CHAT_CACHE_RAM_MIB": ("models", "cache_ram_mib"),
    "LLAMA_CHAT_MODELS_DIR": ("models", "folder"),
}
_MAX_BYTES = 4 * 1024 * 1024


class Problem(msgspec.Struct, frozen=True):
    """A value that could not be used, in words for people."""

    where: str
    reason: str


class SettingsFile:
    def __init__(self, path: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._path = path
        self._listeners: list[Listener] = []
        self._problems: list[Problem] = []
        raw = self._load()
        for name, (section, field) in _OVERRIDES.items():
            if (value := environment.get(name)) is not None:
                raw = _put(raw, section, field, value)
        self._value = cast(Settings, self._typed(Settings, raw, ""))

    @property
    def value(self) -> Settings:
        return self._value

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._problems)

    def change(self, edit: Callable[[Settings], Settings]) -> Settings:
        """Apply an edit, save what it changed, tell the listeners."""
        old, new = self._value, edit(self._value)
        if new == old:
            return new
        # What someone else has written since stays.
        raw = self._load()
        for section, field, value in _differences(old, new):
            raw = _put(raw, section, field, value)
        try:
            replace_with(self._path, msgspec.json.format(json_text(raw), indent=2).encode())
        except OSError as error:
            raise StorageError(f"The settings could not be saved ({error.strerror}).") from error
        self._value = new
        for listener in tuple(self._listeners):
            listener(old, new)
        return new

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(old, new)` on each change, there and then; the result ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _load(self) -> dict[str, Any]:
        raw, reason = _read(self._path)
        if reason:
            kept = self._path.with_name(f"{self._path.name}.bad-{int(time.time())}")
            try:
                self._path.replace(kept)
            except OSError as error:
                raise StorageError(
                    f"The settings file {reason} and cannot be set aside ({error.strerror})."
                ) from error
            self._problems.append(Problem(str(self._path), f"{reason}; kept as {kept.name}"))
        return raw

    def _typed(self, kind: type[msgspec.Struct], raw: dict[str, Any], where: str) -> msgspec.Struct:
        values: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            if field.encode_name not in raw:
                continue
            value, name = raw[field.encode_name], f"{where}{field.encode_name}"
            if _is_group(field.type):
                section = cast(dict[str, Any], value) if isinstance(value, dict) else None
                if section is None:
                    self._problems.append(Problem(name, "is not a group of settings"))
                    continue
                values[field.name] = self._typed(field.type, section, f"{name}.")
                continue
            if isinstance(value, list) and get_origin(field.type) is tuple:
                items = cast(list[object], value)
                values[field.name] = self._readable(get_args(field.type)[0], items, name)
                continue
            try:
                values[field.name] = msgspec.convert(value, field.type, strict=False)
            except msgspec.ValidationError as error:
                self._problems.append(Problem(name, f"{error}; the default is used"))
        return kind(**values)

    def _readable(self, kind: Any, items: list[object], where: str) -> tuple[Any, ...]:
        kept: list[Any] = []
        for at, item in enumerate(items):
            try:
                kept.append(msgspec.convert(item, kind, strict=False))
            except msgspec.ValidationError as error:
                self._problems.append(Problem(f"{where}[{at}]", f"{error}; it is left out"))
        return tuple(kept)


def set_aside(path: Path) -> tuple[Problem, ...]:
    """Files that could not be read at an earlier start, and lie beside this one since."""
    kept = sorted(path.parent.glob(f"{path.name}.bad-*"))
    reason = "could not be read at an earlier start; delete it if nothing in it is missed"
    return tuple(Problem(str(file), reason) for file in kept)


def _is_group(kind: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _read(path: Path) -> tuple[dict[str, Any], str]:
    """The object in the file, or none and why."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return {}, "is far too large"
        raw: object = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        raise StorageError(f"The settings file cannot be read ({error.strerror}).") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}, "is not valid JSON"
    if not isinstance(raw, dict):
        return {}, "is not a JSON object"
    return cast(dict[str, Any], raw), ""


def _put(raw: dict[str, Any], section: str, field: str, value: Any) -> dict[str, Any]:
    old = raw.get(section)
    inner = dict(cast(dict[str, Any], old)) if isinstance(old, dict) else {}
    inner[field] = value
    return {**raw, section: inner}


def _differences(old: Settings, new: Settings) -> list[tuple[str, str, Any]]:
    found: list[tuple[str, str, Any]] = []
    for section in Settings.__struct_fields__:
        before, after = getattr(old, section), getattr(new, section)
        for field in after.__struct_fields__:
            value = getattr(after, field)
            if value != getattr(before, field):
                found.append((section, field, msgspec.to_builtins(value)))
    return found
