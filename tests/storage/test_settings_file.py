import errno
import json
import os
from pathlib import Path

import msgspec
import pytest

from app.core.errors import StorageError
from app.core.settings import OwnLoad, Settings
from app.storage.settings_file import SettingsFile


def context(size: int):
    def edit(settings: Settings) -> Settings:
        models = msgspec.structs.replace(settings.models, chat_ctx=size)
        return msgspec.structs.replace(settings, models=models)

    return edit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def write(path: Path, raw: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(raw if isinstance(raw, str) else json.dumps(raw))


def test_no_file_means_defaults_and_no_complaint(path: Path) -> None:
    file = SettingsFile(path, {})
    assert (file.value, file.problems) == (Settings(), ())
    assert not path.exists()


def test_a_change_survives_a_restart(path: Path) -> None:
    SettingsFile(path, {}).change(context(4096))
    assert SettingsFile(path, {}).value.models.chat_ctx == 4096


def test_unknown_keys_are_kept(path: Path) -> None:
    write(path, {"future": {"a": 1}, "models": {"shiny": [1], "threads": 3}})
    SettingsFile(path, {}).change(context(4096))
    saved = json.loads(path.read_text())
    assert saved == {"future": {"a": 1}, "models": {"shiny": [1], "threads": 3, "chat_ctx": 4096}}


def test_one_bad_value_costs_only_itself(path: Path) -> None:
    write(path, {"models": {"chat_ctx": "many", "threads": 4, "type_k": "f13", "parallel": -1}})
    file = SettingsFile(path, {})
    assert file.value.models.threads == 4
    assert file.value.models.chat_ctx == Settings().models.chat_ctx
    assert {problem.where for problem in file.problems} == {
        "models.chat_ctx",
        "models.parallel",
        "models.type_k",
    }
    assert json.loads(path.read_text())["models"]["chat_ctx"] == "many"


def test_one_bad_item_of_a_list_costs_only_itself(path: Path) -> None:
    good, other = {"path": "/m/a.gguf", "chat_ctx": 4096}, {"path": "/m/b.gguf"}
    own = [good, {"path": "/m/c.gguf", "chat_ctx": 1}, 7, other]
    write(path, {"models": {"own": own, "folders": ["/a", 3, "/b"], "threads": 4}})
    file = SettingsFile(path, {})
    models = file.value.models
    assert models.own == (OwnLoad("/m/a.gguf", 4096), OwnLoad("/m/b.gguf"))
    assert (models.folders, models.threads) == (("/a", "/b"), 4)
    where = [problem.where for problem in file.problems]
    assert where == ["models.folders[1]", "models.own[1]", "models.own[2]"]
    file.change(context(4096))
    assert json.loads(path.read_text())["models"]["own"] == own  # until it is set


def test_a_list_that_is_none_is_reported_whole(path: Path) -> None:
    write(path, {"models": {"own": {"path": "/m/a.gguf"}}})
    file = SettingsFile(path, {})
    assert file.value.models.own == ()
    assert [problem.where for problem in file.problems] == ["models.own"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "\x00\xff", "[" * 100_000])
def test_a_broken_file_is_set_aside_never_lost(path: Path, text: str) -> None:
    write(path, text)
    file = SettingsFile(path, {})
    assert file.value == Settings()
    assert len(file.problems) == 1
    (kept,) = path.parent.iterdir()
    assert kept.read_text() == text


def test_a_file_that_someone_broke_meanwhile_is_kept_too(path: Path) -> None:
    write(path, {"models": {"threads": 2}})
    file = SettingsFile(path, {})
    path.write_text('{"models": {"threads": 3}, "mine": 1')
    file.change(context(4096))
    assert SettingsFile(path, {}).value.models.chat_ctx == 4096
    (kept,) = path.parent.glob("*.bad-*")
    assert kept.read_text().endswith('"mine": 1')


def test_a_broken_file_in_a_folder_that_refuses_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, "{")

    def refuse(_path: Path, _target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError, match="not valid JSON"):
        SettingsFile(path, {})
    assert path.read_text() == "{"


def test_a_section_of_the_wrong_shape_is_reported(path: Path) -> None:
    write(path, {"models": 7})
    file = SettingsFile(path, {})
    assert [problem.where for problem in file.problems] == ["models"]
    file.change(context(4096))
    assert SettingsFile(path, {}).value.models.chat_ctx == 4096


def test_the_environment_overrides_and_is_never_written(path: Path) -> None:
    write(path, {"models": {"threads": 2}})
    environment = {"LLAMA_CHAT_N_THREADS": "7", "LLAMA_CHAT_N_CTX": "x"}
    file = SettingsFile(path, environment)
    assert file.value.models.threads == 7
    assert [problem.where for problem in file.problems] == ["models.chat_ctx"]
    file.change(context(4096))
    assert json.loads(path.read_text())["models"] == {"threads": 2, "chat_ctx": 4096}


def test_listeners_hear_old_and_new_until_they_leave(path: Path) -> None:
    file = SettingsFile(path, {})
    heard: list[tuple[int, int]] = []
    leave = file.subscribe(
        lambda old, new: heard.append((old.models.chat_ctx, new.models.chat_ctx))
    )
    file.change(context(4096))
    file.change(context(4096))
    leave()
    file.change(context(2048))
    assert heard == [(8192, 4096)]


def test_a_save_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, {"models": {"threads": 2}})
    file = SettingsFile(path, {})
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        file.change(context(4096))
    assert path.read_bytes() == before
    assert file.value.models.chat_ctx == 8192
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
