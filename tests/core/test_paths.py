from pathlib import Path

import pytest

from app.core.errors import StorageError
from app.core.paths import find_folders, starter


def test_a_home_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LLAMA_CHAT_HOME", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="cannot be made"):
        find_folders().create()


def test_the_built_in_model_lies_beside_the_code_unless_it_was_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CHAT_SHIPPED_DIR", str(tmp_path))
    assert starter() == tmp_path / "starter.gguf"
    monkeypatch.delenv("LLAMA_CHAT_SHIPPED_DIR")
    root = Path(__file__).parents[2]
    assert starter() == root / "resources" / "models" / "starter.gguf"
