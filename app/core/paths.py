"""Where things live on this machine; `LLAMA_CHAT_HOME` moves all of it."""

import os
from pathlib import Path

import msgspec
import platformdirs

from app.core.errors import StorageError

_APP = "llama-chat"


class Folders(msgspec.Struct, frozen=True):
    data: Path
    cache: Path
    config: Path
    logs: Path
    models: Path

    @property
    def database(self) -> Path:
        return self.data / "chats.sqlite3"

    @property
    def backups(self) -> Path:
        return self.data / "backups"

    @property
    def runtimes(self) -> Path:
        return self.data / "runtimes"

    @property
    def measured_loads(self) -> Path:
        return self.data / "measured-loads.json"

    @property
    def snapshots(self) -> Path:
        return self.cache / "kv"

    @property
    def embedder(self) -> Path:
        """What `scripts/make_embedder.py` makes; there or not."""
        return self.cache / "models" / "all-MiniLM-L6-v2-Q8_0.gguf"

    @property
    def scanned(self) -> Path:
        return self.cache / "models.msgpack"

    @property
    def settings(self) -> Path:
        return self.config / "settings.json"

    @property
    def log(self) -> Path:
        return self.logs / "llama-chat.log"

    def create(self) -> None:
        for folder in (self.data, self.cache, self.config, self.logs):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(
                    f"The folder {folder} cannot be made ({error.strerror}). "
                    "Check its drive and who may write there."
                ) from error


def resources() -> Path:
    """The shipped files, in a checkout and in a bundle alike."""
    return Path(__file__).resolve().parents[2] / "resources"


def shipped_models() -> Path:
    """The folder of the models that come with the app; `LLAMA_CHAT_SHIPPED_DIR` moves it."""
    moved = os.environ.get("LLAMA_CHAT_SHIPPED_DIR")
    return Path(moved) if moved else resources() / "models"


def starter() -> Path:
    """The built-in chat model; there or not."""
    return shipped_models() / "starter.gguf"


def find_folders() -> Folders:
    models = os.environ.get("LLAMA_CHAT_MODELS_DIR")
    if home := os.environ.get("LLAMA_CHAT_HOME"):
        root = Path(home).expanduser().absolute()
        return Folders(
            data=root / "data",
            cache=root / "cache",
            config=root / "config",
            logs=root / "logs",
            models=Path(models) if models else root / "models",
        )
    dirs = platformdirs.PlatformDirs(_APP, appauthor=False)
    return Folders(
        data=dirs.user_data_path,
        cache=dirs.user_cache_path,
        config=dirs.user_config_path,
        logs=dirs.user_log_path,
        models=Path(models) if models else Path.home() / "Models" / "gguf",
    )
