"""Presets: a system prompt and a way of sampling under a name, or as a model's own. Verbs on a
transaction.

A chat copies the prompt when it begins, so that a preset edited later rewrites no conversation.
"""

from typing import NewType

import msgspec

from app.core.errors import InvalidRequest
from app.core.messages import clean_text
from app.core.sampling import Sampling
from app.storage.connection import Tx
from app.storage.json_text import json_text

PresetId = NewType("PresetId", int)


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    system_prompt: str = ""
    sampling: Sampling | None = None  # None: as the model likes it best


class StoredPreset(msgspec.Struct, frozen=True, kw_only=True):
    id: PresetId
    name: str
    preset: Preset


_preset = msgspec.json.Decoder(Preset)


def named(tx: Tx) -> tuple[StoredPreset, ...]:
    rows = tx.rows("SELECT id, name, value FROM preset WHERE model = '' ORDER BY name, id")
    return tuple(
        StoredPreset(id=id_, name=name, preset=_preset.decode(value)) for id_, name, value in rows
    )


def get(tx: Tx, preset_id: PresetId) -> StoredPreset:
    row = tx.row("SELECT id, name, value FROM preset WHERE id = ?", (preset_id,))
    if row is None:
        raise InvalidRequest("That preset no longer exists.")
    return StoredPreset(id=row[0], name=row[1], preset=_preset.decode(row[2]))


def save(tx: Tx, name: str, preset: Preset) -> StoredPreset:
    """New, or another value of the same name."""
    return get(tx, _save(tx, clean_text(name).strip(), "", preset))


def remove(tx: Tx, preset_id: PresetId) -> None:
    tx.run("DELETE FROM preset WHERE id = ?", (preset_id,))


def of_model(tx: Tx, model: str) -> Preset:
    """What chats with this model begin with; neutral when nothing was chosen."""
    value = tx.value("SELECT value FROM preset WHERE model = ? AND model <> ''", (model,))
    return Preset() if value is None else _preset.decode(value)


def set_for_model(tx: Tx, model: str, preset: Preset) -> None:
    if preset == Preset():
        tx.run("DELETE FROM preset WHERE model = ? AND model <> ''", (model,))
    else:
        _save(tx, "", model, preset)


def _save(tx: Tx, name: str, model: str, preset: Preset) -> PresetId:
    if not name and not model:
        raise InvalidRequest("Give the preset a name.")
    id_ = tx.value(
        """INSERT INTO preset (name, model, value) VALUES (?, ?, ?)
        ON CONFLICT (name, model) DO UPDATE SET value = excluded.value RETURNING id""",
        (name, model, json_text(preset)),
    )
    return PresetId(id_)
