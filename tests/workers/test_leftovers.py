"""What a deleted chat left in the engines' cache goes, and nothing else."""

import os
import time
from pathlib import Path

from app.core.ids import SessionId
from app.engine.chunks import SUFFIX, UNFINISHED, Chunk, Head, write
from app.workers.leftovers import drop_snapshots


def snapshot(folder: Path, model: str, session: str) -> Path:
    path = folder / model / f"{session.encode().hex()}{SUFFIX}"
    write(path, Chunk(Head(b"k", b"p", (1, 2, 3), SessionId(session), 4), b"data"))
    return path


def test_only_chats_that_are_no_more_are_forgotten(tmp_path: Path) -> None:
    kept = snapshot(tmp_path, "one", "chat-1")
    gone = [snapshot(tmp_path, model, "chat-2") for model in ("one", "another")]
    damaged = snapshot(tmp_path, "one", "chat-3")
    damaged.write_bytes(b"LCKV\x01\xff\xff")
    note = tmp_path / "one" / "note.txt"
    note.write_text("not ours")
    drop_snapshots(tmp_path, {SessionId("chat-1")})
    assert kept.exists()
    assert note.exists()
    assert not any(path.exists() for path in (*gone, damaged))


def test_no_cache_is_no_error(tmp_path: Path) -> None:
    drop_snapshots(tmp_path / "none", set())


def test_what_an_engine_did_not_finish_writing_goes_once_nobody_can_be_at_it(
    tmp_path: Path,
) -> None:
    kept = snapshot(tmp_path, "one", "chat-1")
    written, left = (kept.with_suffix(f".{pid}{UNFINISHED}") for pid in (7, 8))
    for path in (written, left):
        path.write_bytes(b"what was said")
    an_age_ago = time.time() - 86_400
    os.utime(left, (an_age_ago, an_age_ago))
    drop_snapshots(tmp_path, {SessionId("chat-1")})
    assert (written.exists(), left.exists()) == (True, False)
