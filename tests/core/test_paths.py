from pathlib import Path

import pytest

from app.core.errors import StorageError
from app.core.paths import find_folders


def test_a_home_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LLAMA_CHAT_HOME", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="cannot be made"):
        find_folders().create()
