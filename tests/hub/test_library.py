"""Discovery: what is found where, grouped, paired, folded, refused."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.errors import InvalidRequest
from app.hub import library
from app.hub.library import Library, compare, scan
from app.hub.places import Place, find_places
from app.hub.scan_cache import scan_again
from tests.hub import gguf_files


@pytest.fixture(scope="module")
def built(model_of: Callable[[str], Path]) -> dict[str, Path]:
    return {kind: model_of(kind) for kind in ("tiny", "embed", "lora-a")}


@pytest.fixture
def app_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Models"
    folder.mkdir()
    return folder


def scan_app(folder: Path, previous: Library | None = None) -> Library:
    return scan([Place(folder, "app")], previous)


def titles(found: Library, kind: str = "chat") -> list[str]:
    return [model.full_title for model in found.models if model.facts.kind == kind]


def test_kinds_are_told_apart_and_adapters_not_offered_for_chat(
    app_folder: Path, built: dict[str, Path]
) -> None:
    shutil.copy(built["tiny"], app_folder / "tiny-chat-Q4_K_M.gguf")
    shutil.copy(built["embed"], app_folder / "bge-small-en-v1.5-f32.gguf")
    shutil.copy(built["lora-a"], app_folder / "shout-lora.gguf")
    (app_folder / "notes.txt").write_text("no model")
    found = scan_app(app_folder)
    assert titles(found) == ["tiny chat Q4_K_M"]
    assert titles(found, "embedding") == ["bge small en v1.5 F32"]
    assert titles(found, "adapter") == ["shout lora F32"]
    assert found.broken == ()
    assert found.of_kind("chat")[0].facts.trained_ctx == 32768


def test_broken_files_are_listed_with_the_reason(app_folder: Path, built: dict[str, Path]) -> None:
    whole = built["tiny"].read_bytes()
    (app_folder / "cut.gguf").write_bytes(whole[: len(whole) // 2])
    (app_folder / "empty.gguf").write_bytes(b"")
    (app_folder / "web-page.gguf").write_bytes(b"<html>404</html>")
    found = scan_app(app_folder)
    assert found.models == ()
    reasons = {entry.path.name: entry.reason for entry in found.broken}
    assert "incomplete" in reasons["cut.gguf"]
    assert "does not begin" in reasons["web-page.gguf"]
    assert "ends inside" in reasons["empty.gguf"]


def test_parts_are_one_model_and_gaps_are_named(app_folder: Path) -> None:
    parts = gguf_files.write_split(app_folder, "big-7B-Q4_K_M", 3)
    (model,) = scan_app(app_folder).models
    assert model.full_title == "big 7B Q4_K_M"
    assert model.parts == tuple(parts)
    assert model.path == parts[0]
    assert model.size == sum(part.stat().st_size for part in parts)
    assert len(model.facts.layers) == 3
    assert all(layer.weight_bytes for layer in model.facts.layers)
    parts[1].unlink()
    found = scan_app(app_folder)
    assert found.models == ()
    assert "1 of its 3 parts are missing (2)" in found.broken[0].reason
    parts[0].rename(app_folder / "renamed.gguf")
    reasons = [entry.reason for entry in scan_app(app_folder).broken]
    assert any("renamed" in reason for reason in reasons)


def test_projectors_are_paired_and_never_offered(app_folder: Path) -> None:
    gguf_files.write(app_folder / "gemma-3-4b-it-Q4_K_M.gguf", name="a")
    gguf_files.write(app_folder / "other-7B-Q8_0.gguf", name="b")
    right = gguf_files.write_projector(app_folder / "mmproj-google_gemma-3-4b-it-f16.gguf")
    gguf_files.write_projector(app_folder / "mmproj-google_gemma-3-4b-it-f32.gguf")
    gguf_files.write_projector(app_folder / "mmproj-F16.gguf")
    by_title = {model.title: model.projector for model in scan_app(app_folder).models}
    assert by_title == {"gemma 3 4b it": right, "other 7B": None}


def test_a_lone_projector_belongs_to_the_lone_model_of_its_folder(app_folder: Path) -> None:
    folder = app_folder / "unsloth" / "Qwen3-VL-8B-GGUF"
    folder.mkdir(parents=True)
    gguf_files.write(folder / "Qwen3-VL-8B-Q4_K_M.gguf", name="a")
    gguf_files.write(folder / "Qwen3-VL-8B-Q8_0.gguf", name="b")
    gguf_files.write_projector(folder / "mmproj-BF16.gguf")
    right = gguf_files.write_projector(folder / "mmproj-F16.gguf")
    assert [model.projector for model in scan_app(app_folder).models] == [right, right]


def test_copies_are_folded_and_lookalikes_are_not(tmp_path: Path, app_folder: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    gguf_files.write(app_folder / "a-7B-Q4_0.gguf", name="one")
    shutil.copy(app_folder / "a-7B-Q4_0.gguf", elsewhere / "same-content.gguf")
    gguf_files.write(elsewhere / "b-7B-Q4_0.gguf", name="two")
    found = scan([Place(app_folder, "app"), Place(elsewhere, "folder")])
    assert titles(found) == ["a 7B Q4_0", "b 7B Q4_0"]
    assert found.models[0].path == app_folder / "a-7B-Q4_0.gguf"
    assert found.models[0].copies == (elsewhere / "same-content.gguf",)


def test_the_hugging_face_cache(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--bartowski--gemma-GGUF"
    (repository / "blobs").mkdir(parents=True)
    blob = gguf_files.write(repository / "blobs" / "abc123", name="x")
    for revision in ("1111", "2222"):
        (repository / "snapshots" / revision).mkdir(parents=True)
        link = repository / "snapshots" / revision / "gemma-3-1b-it-Q4_0.gguf"
        link.symlink_to(os.path.relpath(blob, link.parent))
    dangling = repository / "snapshots" / "1111" / "gone-Q4_0.gguf"
    dangling.symlink_to("../../blobs/absent")
    (model,) = scan([Place(tmp_path / "hub", "hugging_face")]).models
    assert model.full_title == "gemma 3 1b it Q4_0"
    assert model.repository == "bartowski/gemma-GGUF"
    assert "snapshots" in model.path.parts


def test_ollama_manifests_name_the_blobs(tmp_path: Path) -> None:
    store = tmp_path / "ollama"
    digest, eye = "a" * 64, "b" * 64
    (store / "blobs").mkdir(parents=True)
    blob = gguf_files.write(store / "blobs" / f"sha256-{digest}", name="x")
    projector = gguf_files.write_projector(store / "blobs" / f"sha256-{eye}")
    gguf_files.write(store / "blobs" / f"sha256-{'c' * 64}", name="unnamed")
    media = "application/vnd.ollama.image."
    manifest = {
        "schemaVersion": 2,
        "layers": [
            {"mediaType": f"{media}model", "digest": f"sha256:{digest}", "size": 1},
            {"mediaType": f"{media}projector", "digest": f"sha256:{eye}", "size": 1},
            {"mediaType": f"{media}model", "digest": "sha256:../../../etc/passwd", "size": 1},
        ],
    }
    tags = store / "manifests" / "registry.ollama.ai" / "library" / "gemma3"
    tags.mkdir(parents=True)
    (tags / "4b").write_text(json.dumps(manifest))
    (tags / "junk").write_bytes(b"\xff\xfe not json")
    (model,) = scan([Place(store, "ollama")]).models
    assert (model.path, model.title) == (blob, "gemma3 4b")
    assert model.projector == projector


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_a_store_of_traps_is_passed_over(tmp_path: Path) -> None:
    """A pipe where a blob should be, a manifest without an end, names outside of the store."""
    store = tmp_path / "ollama"
    (store / "blobs").mkdir(parents=True)
    gguf_files.write(tmp_path / "outside", "outside")
    os.mkfifo(store / "blobs" / f"sha256-{'1' * 64}")
    digests = [f"sha256:{'1' * 64}", "sha256:../../outside", "../../outside", "sha256-" + "A" * 64]
    layer = "application/vnd.ollama.image.model"
    layers = [{"mediaType": layer, "digest": digest} for digest in digests]
    tags = store / "manifests" / "registry" / "library" / "m"
    tags.mkdir(parents=True)
    (tags / "latest").write_text(json.dumps({"layers": layers}))
    (tags / "deep").write_text('{"a":' + "[" * 100_000)
    (tags / "odd").write_text('{"layers": [5]}')
    found = scan([Place(store, "ollama")])
    assert (found.models, found.broken) == ((), ())


def test_places_by_environment(tmp_path: Path) -> None:
    (tmp_path / ".lmstudio-home-pointer").write_text(str(tmp_path / "moved") + "\n")
    environment = {"HF_HOME": str(tmp_path / "hf"), "OLLAMA_MODELS": str(tmp_path / "oll")}
    found = find_places(tmp_path / "ours", (tmp_path / "mine",), environment, tmp_path)
    roots = {(place.source, place.root) for place in found}
    assert ("app", tmp_path / "ours") in roots
    assert ("folder", tmp_path / "mine") in roots
    assert ("hugging_face", tmp_path / "hf" / "hub") in roots
    assert ("lm_studio", tmp_path / "moved" / "models") in roots
    assert ("ollama", tmp_path / "oll") in roots
    ours = [place for place in found if place.root.is_relative_to(tmp_path)]
    assert (scan(ours).models, scan(ours).broken) == ((), ())


def test_loops_of_links_end(app_folder: Path) -> None:
    gguf_files.write(app_folder / "deep" / "a-1B-Q4_0.gguf", name="x")
    (app_folder / "deep" / "up").symlink_to(app_folder, target_is_directory=True)
    (app_folder / "self").symlink_to("self")
    assert titles(scan_app(app_folder)) == ["a 1B Q4_0"]


def test_a_second_scan_reads_no_header_and_says_what_changed(
    app_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = gguf_files.write(app_folder / "kept-1B-Q4_0.gguf", name="kept")
    gone = gguf_files.write(app_folder / "gone-1B-Q4_0.gguf", name="gone")
    first = scan_app(app_folder)
    read: list[Path] = []
    real = library.gguf.read_file
    monkeypatch.setattr(library.gguf, "read_file", lambda path: read.append(path) or real(path))
    assert not compare(first, scan_app(app_folder, first))
    assert read == []
    gone.unlink()
    new = gguf_files.write(app_folder / "new-1B-Q4_0.gguf", name="new")
    gguf_files.write(kept, name="kept, but another")
    (app_folder / "bad.gguf").write_bytes(b"x")
    second = scan_app(app_folder, first)
    change = compare(first, second)
    assert sorted(read) == sorted([new, kept, app_folder / "bad.gguf"])
    assert [model.path for model in change.added] == [new]
    assert [model.path for model in change.removed] == [gone]
    assert [model.path for model in change.changed] == [kept]
    assert change.broken


def test_models_are_found_by_name(app_folder: Path) -> None:
    small = gguf_files.write(app_folder / "gemma-3-4b-it-Q4_K_M.gguf", name="a")
    large = gguf_files.write(app_folder / "gemma-3-4b-it-Q8_0.gguf", name="b")
    other = gguf_files.write(app_folder / "Qwen3-8B-Q4_K_M.gguf", name="c")
    found = scan_app(app_folder)
    assert found.find("qwen3").path == other
    assert found.find("QWEN3 8B").path == other
    assert found.find(str(other)).path == other
    assert found.find("gemma-3-4b-it-Q8_0.gguf").path == large
    assert found.find("gemma 3 4b it q4_k_m").path == small
    assert found.find("gemma 3 4b it").path in (small, large)
    for name in ("", "llama", "../"):
        with pytest.raises(InvalidRequest, match="no model"):
            found.find(name)
    gguf_files.write(app_folder / "Qwen3-14B-Q4_K_M.gguf", name="d")
    with pytest.raises(InvalidRequest, match="which one"):
        scan_app(app_folder).find("qwen3")


def test_a_scan_of_another_run_reads_no_header(
    app_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf_files.write(app_folder / "a-1B-Q4_0.gguf", name="a")
    parts = gguf_files.write_split(app_folder, "big-Q4_0", 2)
    (app_folder / "bad.gguf").write_bytes(b"x")
    cache = tmp_path / "cache" / "models.msgpack"
    places = [Place(app_folder, "app")]
    first = scan_again(places, cache)
    read: list[Path] = []
    real = library.gguf.read_file
    monkeypatch.setattr(library.gguf, "read_file", lambda path: read.append(path) or real(path))
    assert scan_again(places, cache) == first
    assert read == []
    gguf_files.write(app_folder / "a-1B-Q4_0.gguf", name="another")
    assert scan_again(places, cache).find("big").parts == tuple(parts)
    assert read == [app_folder / "a-1B-Q4_0.gguf"]
    for damage in (b"", b"\x81", cache.read_bytes().replace(b"/1", b"/0")):
        cache.write_bytes(damage)
        read.clear()
        scan_again(places, cache)
        assert len(read) == 4
