"""What is done to the files of the models folder: removed, brought back, brought in, watched."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.errors import InvalidRequest, StorageError
from app.hub import importing, trash
from app.hub.control import Control, Stopped
from app.hub.importing import Progress, import_models
from app.hub.library import Change, Library, scan
from app.hub.places import Place, Source
from app.hub.trash import remove, removed, restore, sweep
from app.hub.watching import Watch
from tests.hub import gguf_files


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    folder = tmp_path / "Models"
    folder.mkdir()
    return folder


def look(folder: Path, source: Source = "app") -> Library:
    return scan([Place(folder, source)])


def names(folder: Path) -> list[str]:
    """Every visible file."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return sorted(str(path) for path in found if ".trash" not in path.parts)


# ---------------------------------------------------------------- the trash


def test_a_model_goes_with_its_parts_and_comes_back(ours: Path) -> None:
    folder = ours / "maker" / "big-GGUF"
    gguf_files.write_split(folder, "big-Q4_0", 3)
    gguf_files.write_projector(folder / "mmproj-big-f16.gguf")
    gguf_files.write(ours / "other-Q4_0.gguf", name="x")
    before = names(ours)
    found = look(ours)
    removal = remove(found.find("big"), found, ours)
    assert names(ours) == ["other-Q4_0.gguf"]
    assert not (ours / "maker").exists()
    assert [model.title for model in look(ours).models] == ["other"], "the trash is not scanned"
    assert (removal.title, len(removal.files)) == ("big Q4_0", 4)
    assert removed(ours) == [removal]
    restore(removal, ours)
    assert names(ours) == before
    assert look(ours).find("big").projector
    with pytest.raises(InvalidRequest, match="not in the trash"):
        restore(removal, ours)


def test_a_projector_that_another_model_needs_stays(ours: Path) -> None:
    gguf_files.write(ours / "see-4b-Q4_0.gguf", name="a")
    gguf_files.write(ours / "see-4b-Q8_0.gguf", name="b")
    gguf_files.write_projector(ours / "mmproj-see-4b-f16.gguf")
    found = look(ours)
    remove(found.find("see 4b q8_0"), found, ours)
    assert names(ours) == ["mmproj-see-4b-f16.gguf", "see-4b-Q4_0.gguf"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("lm_studio", "LM Studio"),
        ("ollama", "ollama rm"),
        ("hugging_face", "hf cache"),
        ("folder", "folder of yours"),
        ("starter", "stays"),
    ],
)
def test_what_is_not_ours_is_never_removed(tmp_path: Path, source: Source, words: str) -> None:
    place = tmp_path / "a" / "b"
    file = gguf_files.write(place / "theirs-Q4_0.gguf", name="x")
    found = look(tmp_path, "lm_studio")
    (model,) = found.models
    from msgspec.structs import replace

    with pytest.raises(InvalidRequest, match=words):
        remove(replace(model, source=source), found, tmp_path)
    with pytest.raises(InvalidRequest, match="outside"):
        remove(replace(model, source="app"), found, tmp_path / "elsewhere")
    assert file.exists()


def test_a_broken_file_can_be_removed_and_nothing_is_overwritten(ours: Path) -> None:
    (ours / "bad.gguf").write_bytes(b"x")
    found = look(ours)
    removal = remove(found.broken[0], found, ours)
    (ours / "bad.gguf").write_bytes(b"another")
    with pytest.raises(InvalidRequest, match="there again"):
        restore(removal, ours)
    assert (ours / "bad.gguf").read_bytes() == b"another"


def test_the_trash_is_emptied_after_a_day(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gguf_files.write(ours / "old-Q4_0.gguf", name="x")
    found = look(ours)
    removal = remove(found.find("old"), found, ours)
    assert sweep(ours) == 0
    now = time.time()
    monkeypatch.setattr(trash.time, "time", lambda: now + 25 * 3600)
    assert sweep(ours) == removal.size
    assert removed(ours) == []


def test_removing_a_link_leaves_the_file(ours: Path, tmp_path: Path) -> None:
    file = gguf_files.write(tmp_path / "mine-Q4_0.gguf", name="x")
    (ours / "mine-Q4_0.gguf").symlink_to(file)
    found = look(ours)
    removal = remove(found.find("mine"), found, ours)
    sweep(ours, keep_s=0)
    assert file.exists()
    assert removal.size < 1000


# ---------------------------------------------------------------- bringing in


def test_what_lies_behind_a_linked_folder_is_not_removed(ours: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    kept = gguf_files.write(store / "theirs-Q4_0.gguf", name="x")
    (ours / "linked").symlink_to(store)
    found = look(ours)
    with pytest.raises(InvalidRequest, match="behind a link"):
        remove(found.find("theirs"), found, ours)
    assert kept.exists()
    assert removed(ours) == []


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    folder = tmp_path / "Downloads"
    gguf_files.write(folder / "solo-Q4_0.gguf", name="a")
    gguf_files.write_split(folder, "big-Q4_0", 3)
    gguf_files.write_projector(folder / "mmproj-big-f16.gguf")
    gguf_files.write(folder / "unrelated-Q4_0.gguf", name="c")
    (folder / "bad.gguf").write_bytes(b"<html>")
    return folder


@pytest.mark.parametrize("how", ["move", "link"])
def test_a_file_comes_with_what_belongs_to_it(ours: Path, theirs: Path, how: importing.How) -> None:
    reports: list[Progress] = []
    (one,) = import_models([theirs / "solo-Q4_0.gguf"], ours, how, report=reports.append)
    assert (one.outcome, one.path) == ("imported", ours / "solo-Q4_0.gguf")
    second = theirs / "big-Q4_0-00002-of-00003.gguf"
    (big,) = import_models([second], ours, how, report=reports.append)
    assert big.path == ours / "big Q4_0" / "big-Q4_0-00001-of-00003.gguf"
    found = look(ours)
    assert [model.title for model in found.models] == ["big", "solo"]
    assert found.models[0].projector
    assert len(found.models[0].parts) == 3
    assert (theirs / "solo-Q4_0.gguf").exists() == (how == "link")
    assert second.exists() == (how == "link")
    assert (theirs / "unrelated-Q4_0.gguf").exists()
    assert reports[-1].done == reports[-1].total > 0


def test_a_folder_brings_its_models_and_says_what_it_refused(ours: Path, theirs: Path) -> None:
    outcomes = import_models([theirs], ours)
    by_title = {one.title: one.outcome for one in outcomes}
    assert by_title == {
        "solo Q4_0": "imported",
        "big Q4_0": "imported",
        "unrelated Q4_0": "imported",
        "bad.gguf": "refused",
    }
    assert "does not begin" in next(one.reason for one in outcomes if one.reason)
    again = {one.title: one.outcome for one in import_models([theirs], ours)}
    assert {o for title, o in again.items() if title != "bad.gguf"} == {"here_already"}
    shutil.copy(theirs / "solo-Q4_0.gguf", theirs / "renamed-Q8_0.gguf")
    (copy,) = import_models([theirs / "renamed-Q8_0.gguf"], ours)
    assert (copy.outcome, copy.path) == ("here_already", ours / "solo-Q4_0.gguf")


def test_another_model_of_the_same_name_is_not_overwritten(ours: Path, theirs: Path) -> None:
    mine = gguf_files.write(ours / "solo-Q4_0.gguf", name="mine, another")
    content = mine.read_bytes()
    (one,) = import_models([theirs / "solo-Q4_0.gguf"], ours)
    assert one.path == ours / "solo Q4_0" / "solo-Q4_0.gguf"
    assert mine.read_bytes() == content


def test_nothing_to_import_is_a_sentence(ours: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidRequest, match="no GGUF"):
        import_models([tmp_path / "empty"], ours)
    with pytest.raises(InvalidRequest, match="no file at"):
        import_models([tmp_path / "gone.gguf"], ours)


def test_moving_across_disks_copies_whole_or_not_at_all(
    ours: Path, theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file system, as the import sees it: a device number of its own."""
    source = theirs / "solo-Q4_0.gguf"
    content = source.read_bytes()
    copies = monkeypatch.context

    def elsewhere(bring: importing._Import, file: Path, target: Path) -> None:
        bring._copy(file, target)
        file.unlink()

    control = Control()
    with copies() as patch:
        patch.setattr(importing._Import, "_bring", elsewhere)
        patch.setattr(importing, "_CHUNK", 64)
        with pytest.raises(Stopped):
            import_models(
                [source], ours, "move", control=control, report=lambda p: p.done and control.stop()
            )
        assert names(ours) == []
        assert source.read_bytes() == content
        patch.setattr(importing, "fingerprint", str)
        with pytest.raises(StorageError, match="faithfully"):
            import_models([source], ours, "move")
        assert names(ours) == []
        assert source.exists()
    with copies() as patch:
        patch.setattr(importing._Import, "_bring", elsewhere)
        import_models([source], ours, "move")
    assert (ours / "solo-Q4_0.gguf").read_bytes() == content
    assert not source.exists()


def test_a_link_is_never_moved(ours: Path, tmp_path: Path) -> None:
    """A store's snapshot is a link into its blobs: moving it would break the store."""
    blob = gguf_files.write(tmp_path / "blobs" / "abc", name="x")
    snapshot = tmp_path / "snapshots" / "model-Q4_0.gguf"
    snapshot.parent.mkdir()
    snapshot.symlink_to(os.path.relpath(blob, snapshot.parent))
    (one,) = import_models([snapshot], ours, "move")
    assert snapshot.exists()
    assert one.path.resolve() == blob


# ---------------------------------------------------------------- watching


def test_what_lies_behind_a_linked_folder_is_linked_not_moved(ours: Path, tmp_path: Path) -> None:
    kept = gguf_files.write(tmp_path / "store" / "deep-Q4_0.gguf", name="x")
    dropped = tmp_path / "dropped"
    dropped.mkdir()
    (dropped / "inner").symlink_to(kept.parent)
    (outcome,) = import_models([dropped], ours, "move")
    assert outcome.path.resolve() == kept
    assert outcome.path.is_symlink()


def test_a_folder_around_the_models_folder_brings_in_only_what_is_outside(tmp_path: Path) -> None:
    ours = tmp_path / "all" / "gguf"
    gguf_files.write(ours / "here-Q4_0.gguf", name="here")
    gguf_files.write(tmp_path / "all" / "out-Q4_0.gguf", name="there")
    outcomes = import_models([tmp_path / "all"], ours, "move")
    assert sorted(one.outcome for one in outcomes) == ["here_already", "imported"]
    assert names(ours) == ["here-Q4_0.gguf", "out-Q4_0.gguf"]


class Seen:
    def __init__(self) -> None:
        self.calls: list[tuple[Library, Change]] = []
        self._news = threading.Condition()

    def __call__(self, library: Library, change: Change) -> None:
        with self._news:
            self.calls.append((library, change))
            self._news.notify_all()

    def wait(self, count: int) -> tuple[Library, Change]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.calls) >= count, timeout=10)
            return self.calls[count - 1]


@pytest.fixture
def watched(ours: Path) -> Iterator[tuple[Path, Seen, list[Place]]]:
    seen, places = Seen(), [Place(ours, "app")]
    watch = Watch(lambda: tuple(places), seen, interval_s=0.02)
    try:
        yield ours, seen, places
    finally:
        watch.close()


def test_news_are_told_once_each(watched: tuple[Path, Seen, list[Place]], tmp_path: Path) -> None:
    ours, seen, places = watched
    assert seen.wait(1)[0].models == ()
    gguf_files.write(tmp_path / "w" / "a-Q4_0.gguf", name="a").rename(ours / "a-Q4_0.gguf")
    assert [model.title for model in seen.wait(2)[1].added] == ["a"]
    # Grows in place, as a copy by another program does: the folder's own time stays.
    whole = gguf_files.write(tmp_path / "w" / "b-Q4_0.gguf", name="b").read_bytes()
    growing = ours / "deep" / "b-Q4_0.gguf"
    growing.parent.mkdir()
    growing.write_bytes(whole[:-8])
    assert seen.wait(3)[1].broken
    with growing.open("ab") as file:
        file.write(whole[-8:])
    assert [model.title for model in seen.wait(4)[1].added] == ["b"]
    (ours / "a-Q4_0.gguf").unlink()
    assert [model.title for model in seen.wait(5)[1].removed] == ["a"]
    places.append(Place(tmp_path / "later", "folder"))
    gguf_files.write(tmp_path / "later" / "c-Q4_0.gguf", name="c")
    assert [model.title for model in seen.wait(6)[1].added] == ["c"]


def test_a_quiet_look_lists_no_folder(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gguf_files.write(ours / "a-Q4_0.gguf", name="a")
    seen = Seen()
    rescans: list[int] = []
    looks = threading.Semaphore(0)

    def places() -> tuple[Place, ...]:
        looks.release()
        return (Place(ours, "app"),)

    watch = Watch(places, seen, interval_s=0.01)
    try:
        seen.wait(1)
        for _ in range(30):  # until what was just written is a moment old
            assert looks.acquire(timeout=10)
        monkeypatch.setattr("app.hub.watching.scan", lambda *_: rescans.append(1))
        for _ in range(5):
            assert looks.acquire(timeout=10)
    finally:
        watch.close()
    assert len(seen.calls) == 1
    assert rescans == []
