"""What the built-in guide says of the app is held against the app's code."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import platformdirs.macos
import platformdirs.unix
import platformdirs.windows
import pytest
import typer.main

from app.chat.budget import WindSettings
from app.chat.tools import built_in
from app.cli.commands import tree as commands
from app.core import paths
from app.core.settings import ChatContext, ModelSettings, ToolSettings
from app.storage import upkeep
from scripts.starter import guide

ROOT = Path(__file__).parents[2]
ANSWERS = {intent.id: intent.answer for intent in guide.intents()}
KEYS = re.compile(r"\*\*((?:Ctrl\+(?:Shift\+)?[A-Z\d.,+-]\w*|F\d+))\*\*|^\| (Ctrl\+\S+) \|", re.M)


_ACTION = re.compile(
    r'action\(\s*(?:self|window),\s*"([^"]+)",[^"]*?"([^"]+)"\s*\)'
    r'|offer_page\(\s*"\w+",\s*"([^"]+)",\s*"([^"]+)"'
)


def shortcuts() -> dict[str, str]:
    """Every action the window makes with a key, by its words."""
    found: dict[str, str] = {}
    for file in (ROOT / "app").rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        for match in _ACTION.finditer(source):
            words, key = filter(None, match.groups())
            found[words.replace("&", "")] = key
    return found


SHORTCUTS = shortcuts()


def test_there_are_enough_intents_and_wordings() -> None:
    assert len(ANSWERS) == len(guide.intents()) >= 80
    assert [each.id for each in guide.intents() if each.ways() < 20] == []
    assert len(set(ANSWERS.values())) == len(ANSWERS)


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        ("newchat", "New chat"),
        ("rename", "Rename chat"),
        ("trash", "Move chat to trash"),
        ("archive", "Archive chat"),
        ("pin", "Pin or unpin chat"),
        ("folders", "New folder"),
        ("search", "Search chats"),
        ("find", "Find in this chat"),
        ("sidebar", "Show or hide the sidebar"),
        ("focus", "Write"),
        ("stop", "Stop the reply"),
        ("choosemodel", "Choose a model"),
        ("switchmid", "Choose a model"),
        ("getmodel", "Choose a model"),
        ("reload", "Reload the model"),
        ("quit", "Quit"),
        ("textsize", "Larger text"),
        ("textsize", "Smaller text"),
        ("textsize", "Normal text"),
        ("title", "Rename chat"),
        ("settings", "Settings…"),
        ("export", "Export chats…"),
        ("version", "Settings…"),
        ("palette", "Do something…"),
        ("import", "Import chats…"),
        ("temporary", "New temporary chat"),
        ("getmodel", "Models…"),
    ],
)
def test_a_named_key_does_what_is_said(intent: str, action: str) -> None:
    assert f"**{SHORTCUTS[action]}**" in ANSWERS[intent]


def test_no_answer_names_a_key_that_nothing_has() -> None:
    known = {*SHORTCUTS.values(), "Ctrl+C"}  # the platform's own
    named = {key or row for text in ANSWERS.values() for key, row in KEYS.findall(text)}
    assert len(named) > 15
    assert named <= known


def test_the_table_of_shortcuts_is_right() -> None:
    meant = {
        "new chat": "New chat", "choose a model": "Choose a model", "write": "Write",
        "find in this chat": "Find in this chat", "search all chats": "Search chats",
        "sidebar": "Show or hide the sidebar", "do anything": "Do something…",
        "settings": "Settings…",
    }  # fmt: skip
    rows = dict(re.findall(r"^\| (Ctrl\S+) \| (.+) \|$", ANSWERS["shortcuts"], re.M))
    assert {SHORTCUTS[meant[what]]: what for what in rows.values()} == rows


def _folders(dirs: Any) -> Iterator[str]:
    for folder in (
        dirs.user_data_dir,
        dirs.user_config_dir,
        dirs.user_log_dir,
        dirs.user_cache_dir,
    ):
        yield PurePosixPath(folder.replace("\\", "/")).as_posix()


@pytest.mark.parametrize(
    ("system", "home"), [(platformdirs.unix.Unix, "~"), (platformdirs.macos.MacOS, "~")]
)
def test_the_folders_are_those_of_the_app(
    system: Callable[..., Any], home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    dirs = system("llama-chat", appauthor=False)
    data, config, log, cache = (folder.replace(str(Path.home()), home) for folder in _folders(dirs))
    assert f"`{data}`" in ANSWERS["chatfolder"]
    assert f"`{config}`" in ANSWERS["settingsfolder"]
    assert f"`{log}`" in ANSWERS["logs"]
    if system is platformdirs.unix.Unix:
        assert f"`{cache}`" in ANSWERS["cache"]


def test_files_and_the_models_folder_are_named_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLAMA_CHAT_MODELS_DIR", raising=False)
    monkeypatch.delenv("LLAMA_CHAT_HOME")
    folders = paths.find_folders()
    assert folders.database.name in ANSWERS["chatfolder"]
    assert folders.settings.name in ANSWERS["settingsfolder"]
    assert folders.log.name in ANSWERS["logs"]
    assert folders.log.name in ANSWERS["problem"]
    models = "~/" + folders.models.relative_to(Path.home()).as_posix()
    for intent in ("modelfolder", "ownmodel", "uninstall"):
        assert f"`{models}`" in ANSWERS[intent]
    assert "LLAMA_CHAT_HOME=" in ANSWERS["home"]
    monkeypatch.setenv("LLAMA_CHAT_HOME", "/some/folder")
    moved = paths.find_folders()
    assert all(
        each.is_relative_to("/some/folder")
        for each in (moved.data, moved.config, moved.logs, moved.cache, moved.models)
    )


def test_the_defaults_are_those_of_the_code() -> None:
    assert f"{ModelSettings().chat_ctx:,}" in ANSWERS["contextsize"]
    bounds = next(each for each in ChatContext.__metadata__ if isinstance(each, msgspec.Meta))
    assert f"{bounds.ge:,} to {bounds.le:,}" in ANSWERS["contextsize"]
    wind = WindSettings()
    assert f"{wind.threshold:.0%}".replace("%", " %") in ANSWERS["windwhen"]
    assert f"{wind.target:.0%}".replace("%", " %") in ANSWERS["windwhen"]
    days = upkeep._TRASH_MS // 86_400_000  # pyright: ignore[reportPrivateUsage]
    assert f"{days} days" in ANSWERS["trash"]
    assert f"{days} days" in ANSWERS["restore"]
    assert ToolSettings().enabled == ()
    assert "off until you switch them on" in ANSWERS["tools"]
    assert len(built_in()) == 2
    assert "two tools" in ANSWERS["tools"]


def test_the_commands_exist_with_their_options() -> None:
    tree = typer.main.get_command(commands([]))
    said = " ".join(ANSWERS.values())
    spoken = re.findall(r"`[./a-z]*llama-chat ((?:chats )?[a-z]+)((?: --[a-z-]+)*)[^`]*`", said)
    assert len(spoken) >= 1
    for words, _ in spoken:
        command: Any = tree
        for word in words.split():
            assert word in command.commands, words
            command = command.commands[word]
    for words in (
        "run --model",
        "run --prompt",
        "run --multi-turn",
    ):
        *names, option = words.split()
        command = tree
        for name in names:
            command = command.commands[name]
        options = {each for parameter in command.params for each in parameter.opts}
        assert option in options
        assert option in said


def test_what_can_be_attached_is_what_is_read() -> None:
    readers = _sources("app/chat", "extract*.py")
    for reader, name in {
        "_read_pdf": "PDF",
        "read_docx": "Word",
        "read_pptx": "PowerPoint",
        "read_xlsx": "Excel",
        "_read_html": "HTML",
        "_read_text": "CSV",
    }.items():
        assert f"def {reader}(" in readers
        assert name in ANSWERS["attach"]


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ("regenerate", "Regenerate"),
        ("continue", "Continue"),
        ("branch", "Branch from here"),
        ("edit", "Edit…"),
        ("deletemessage", "Delete"),
        ("deletemessage", "Undo"),
        ("copy", "Copy message as Markdown"),
        ("unload", "Unload the model"),
        ("theme", "Light"),
        ("theme", "Look as the system does"),
        ("restore", "Show trash"),
        ("restore", "Restore"),
        ("archive", "Show archive"),
        ("backup", "Back up now"),
        ("restorebackup", "Restore this one"),
        ("version", "Copy diagnostics"),
        ("version", "About"),
        ("backup", "Storage"),
        ("tools", "Tools"),
        ("meaning", "Models"),
        ("builds", "Engine builds"),
    ],
)
def test_what_is_to_be_clicked_is_there(intent: str, words: str) -> None:
    assert words in ANSWERS[intent]
    assert f'"{words}' in _sources("app/ui", "*.py").replace("&", "")


def test_the_scripts_it_names_are_there() -> None:
    named = {name for text in ANSWERS.values() for name in re.findall(r"scripts/\w+\.py", text)}
    assert named >= {"scripts/run.py", "scripts/test.py", "scripts/check.py"}
    assert all((ROOT / name).is_file() for name in named)


def _sources(folder: str, pattern: str) -> str:
    return "".join(f.read_text(encoding="utf-8") for f in (ROOT / folder).rglob(pattern))
