"""Row 18: what people write comes back the same: saved, found, exported, imported."""

import queue
import random
import unicodedata
from pathlib import Path

import msgspec
import pytest

from app.core.errors import ErrorInfo
from app.core.ids import ConversationId
from app.core.messages import Message, ToolCall, clean_text
from app.storage import conversations, messages, presets, search, tokenizer
from app.storage.database import Database, Tx
from app.storage.instance import Instance, raise_first
from app.storage.settings_file import SettingsFile
from app.storage.transfer import exporting
from app.storage.transfer.importing import import_file

pytestmark = pytest.mark.timeout(900)  # the slow forms, on a busy machine

_BLOCKS = [
    (0x20, 0x7F), (0xA0, 0x250), (0x370, 0x400), (0x400, 0x530), (0x590, 0x600), (0x600, 0x700),
    (0x900, 0x980), (0xE00, 0xE80), (0x1100, 0x1200), (0x1780, 0x1800), (0x3040, 0x3100),
    (0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0xFF00, 0xFFF0), (0x1F300, 0x1F650), (0x20000, 0x20100),
]  # fmt: skip
_EVIL = ["\0", "\ud800", "\udfff", "\u200d", "\ufeff", "\u202e", "\r\n", "\t", "'", '"', "\\", "%"]
_EVIL += ["\u2028", "e\u0301", "\U0001f469\u200d\U0001f4bb", "ﬃ", "İ", "ß", "½", "ŉ", "\x1b", "--"]


def strings(count: int, seed: int = 18) -> list[str]:
    rng = random.Random(seed)
    made: list[str] = []
    for _ in range(count):
        pieces: list[str] = []
        for _ in range(rng.randint(1, 6)):
            low, high = rng.choice(_BLOCKS)
            pieces.append("".join(chr(rng.randrange(low, high)) for _ in range(rng.randint(1, 8))))
            if rng.random() < 0.4:
                pieces.append(rng.choice(_EVIL))
        made.append(rng.choice([" ", ""]).join(pieces))
    return made


def save(tx: Tx, texts: list[str]) -> ConversationId:
    chat = conversations.create(tx, "all").id
    for text in texts:
        messages.add(tx, chat, messages.active_leaf(tx, chat), Message(role="user", content=text))
    return chat


def not_found(tx: Tx, chat: ConversationId, texts: list[str]) -> list[str]:
    """A run of each text's letters, typed, that does not lead back to it."""
    rng = random.Random(1)
    missing: list[str] = []
    for stored in messages.path(tx, chat):
        utf8 = stored.message.text.encode()
        terms = tokenizer.terms(utf8, for_index=False)
        if not terms:
            continue
        start, end, *_ = rng.choice(terms)
        typed = utf8[start:end].decode()
        if stored.id not in search.find_in(tx, chat, f'"{typed}"'):
            missing.append(typed)
    return missing


@pytest.mark.parametrize("count", [250, pytest.param(2_500, marks=pytest.mark.slow)])
def test_every_text_comes_back_the_same(tmp_path: Path, db: Database, count: int) -> None:
    texts = strings(count)
    chat = db.write(lambda tx: save(tx, texts)).result()
    clean = [clean_text(text) for text in texts]

    def said(tx: Tx) -> list[str]:
        return [m.message.text for m in messages.path(tx, conversations.page(tx).items[0].id)]

    assert db.read(said).result() == clean
    assert db.read(lambda tx: not_found(tx, chat, clean)).result() == []
    exporting.export(db, [chat], "json", tmp_path / "all.json")
    other = Database(tmp_path / "other" / "chats.sqlite3")
    import_file(other, tmp_path / "all.json")
    assert other.read(said).result() == clean
    other.close()


def test_control_whole_runs_as_terms_would_be_noticed(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def whole(run: str, first: int, for_index: bool) -> list[tokenizer.Term]:
        size = len(run.encode())
        return [(first, first + size, run + ("x" if for_index else ""))]

    monkeypatch.setattr(tokenizer, "_pairs", whole)
    texts = ["今天天气很好"]
    chat = db.write(lambda tx: save(tx, texts)).result()
    assert db.read(lambda tx: not_found(tx, chat, texts)).result() != []


def test_what_cannot_be_encoded_does_not_cost_the_rest(tmp_path: Path, db: Database) -> None:
    """Names of files and words of libraries come here as they are, not only what was typed."""
    evil, clean = "a\ud800b\0c", "a\ufffdbc"

    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        reply = messages.start_reply(tx, chat, None).id
        calls = (ToolCall("1", evil, f'{{"x": "{evil}"}}'),)
        failed = ErrorInfo("known", f"The file {evil} is gone.", {"path": evil})
        stored = messages.finish_reply(tx, reply, "t", tool_calls=calls, error=failed)
        assert stored.error == ErrorInfo("known", f"The file {clean} is gone.", {"path": clean})
        assert stored.message.tool_calls == (ToolCall("1", clean, f'{{"x": "{clean}"}}'),)
        saved = presets.save(tx, evil, presets.Preset(system_prompt=evil))
        assert (saved.name, saved.preset.system_prompt) == (clean, clean)

    db.write(job).result()
    settings = SettingsFile(tmp_path / "settings.json", {})
    models = msgspec.structs.replace(settings.value.models, last=f"/models/{evil}.gguf")
    settings.change(lambda old: msgspec.structs.replace(old, models=models))
    again = SettingsFile(tmp_path / "settings.json", {})
    assert (again.value.models.last, again.problems) == (f"/models/{clean}.gguf", ())
    heard: queue.Queue[list[str]] = queue.Queue()
    with Instance(tmp_path, heard.put):
        assert raise_first(tmp_path, [evil])
    assert heard.get(timeout=5) == [clean]


def test_folding_is_stable() -> None:
    """Folding what is folded changes nothing, or an index and a query could disagree."""
    for code in range(0x250, 0x3000):
        char = chr(code)
        if unicodedata.category(char)[0] in "LMN":
            assert tokenizer.fold(tokenizer.fold(char)) == tokenizer.fold(char), hex(code)
