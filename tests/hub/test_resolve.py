"""What a model's name means, wherever one is named."""

from pathlib import Path

import pytest

from app.core.errors import InvalidRequest, KnownError, ModelLoadFailed
from app.hub.library import Library, scan
from app.hub.places import Place, Source
from app.hub.resolve import EMBEDDERS, Known, NotHere, resolve
from scripts.make_model import build
from tests.hub import gguf_files


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "Models"
    gguf_files.write(folder / "maker" / "gem-GGUF" / "gem-3-4b-it-Q4_K_M.gguf", name="a")
    gguf_files.write(folder / "maker" / "gem-GGUF" / "gem-3-4b-it-Q8_0.gguf", name="b")
    gguf_files.write(folder / "qwen3-8B-Q4_0.gguf", name="c")
    gguf_files.write_projector(folder / "mmproj-qwen3-8B-f16.gguf")
    return folder


def known(models: Path, last: str = "", *more: tuple[Path, Source]) -> Known:
    places = [Place(models, "app"), *(Place(root, source) for root, source in more)]
    return Known(lambda: scan(places), last, models)


def never() -> Library:
    raise AssertionError("it was scanned")


def test_a_path_is_itself_and_nothing_is_scanned(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(models)
    direct = Known(never, folder=models)
    assert resolve("qwen3-8B-Q4_0.gguf", direct) == models / "qwen3-8B-Q4_0.gguf"
    with pytest.raises(ModelLoadFailed, match="no model file at"):
        resolve("maker/gem-GGUF/gone/x.gguf", direct)
    with pytest.raises(ModelLoadFailed, match="no model file at"):
        resolve(str(models / "gone"), direct)


def test_what_cannot_chat_is_refused_by_path_and_by_name(models: Path) -> None:
    embedder = build("embed", models / "bge-small-f32.gguf")
    adapter = build("lora-a", models / "shout.gguf")
    eye = models / "mmproj-qwen3-8B-f16.gguf"
    for path, why in ((embedder, "cannot chat"), (adapter, "adapter"), (eye, "part of a model")):
        with pytest.raises(InvalidRequest, match=why):
            resolve(str(path), known(models))
    with pytest.raises(InvalidRequest, match="no model"):
        resolve("bge small", known(models))
    assert resolve("bge small", known(models), EMBEDDERS) == embedder
    (models / "broken.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelLoadFailed, match="damaged"):
        resolve(str(models / "broken.gguf"), known(models))


def test_only_what_is_the_hub_s_is_said_to_be_there(models: Path) -> None:
    for name in ("maker/other-GGUF", "maker/gem-GGUF:Q2_K", "hf.co/maker/other/blob/main/x.gguf"):
        with pytest.raises(NotHere, match="models download"):
            resolve(name, known(models))
    with pytest.raises(ModelLoadFailed, match=r"no model file at models.gone\.gguf"):
        resolve("models/gone.gguf", known(models))


def test_a_later_part_means_the_first(models: Path) -> None:
    parts = gguf_files.write_split(models, "big-Q4_0", 3)
    assert resolve(str(parts[2]), known(models)) == parts[0]
    parts[0].unlink()
    with pytest.raises(ModelLoadFailed, match="first is missing"):
        resolve(str(parts[1]), known(models))


def test_the_default_is_the_last_else_the_starter_else_the_first(
    models: Path, tmp_path: Path
) -> None:
    q8 = models / "maker" / "gem-GGUF" / "gem-3-4b-it-Q8_0.gguf"
    assert resolve("default", Known(never, str(q8))) == q8
    assert resolve("default", known(models, "/gone.gguf")).name == "gem-3-4b-it-Q4_K_M.gguf"
    ours = tmp_path / "ours"
    starter = gguf_files.write(ours / "zz-starter-Q8_0.gguf", name="s")
    assert resolve("default", known(models, "/gone.gguf", (ours, "starter"))) == starter
    with pytest.raises(KnownError, match=f"into {tmp_path / 'none'}"):
        resolve("default", known(tmp_path / "none"))


def test_a_hub_reference_means_what_was_downloaded_from_there(models: Path) -> None:
    folder = models / "maker" / "gem-GGUF"
    found = known(models)
    assert resolve("maker/gem-GGUF", found) == folder / "gem-3-4b-it-Q4_K_M.gguf"
    assert resolve("Maker/gem-gguf:q8_0", found) == folder / "gem-3-4b-it-Q8_0.gguf"
    assert resolve("https://huggingface.co/maker/gem-GGUF", found).parent == folder
    with pytest.raises(InvalidRequest, match="models download maker/gem-GGUF:Q2_K"):
        resolve("maker/gem-GGUF:Q2_K", found)
    with pytest.raises(InvalidRequest, match="models download other/gem-GGUF"):
        resolve("other/gem-GGUF", found)


def test_names_as_people_type_them_and_the_nearest_for_the_rest(models: Path) -> None:
    found = known(models)
    small, large = ("Q4_K_M", "Q8_0")
    for name, quantization in (
        ("gem-3-4b-it", small),
        ("gem 3 4b", small),
        ("GEM_3_4b_it:q8_0", large),
        ("4b it", small),
    ):
        assert resolve(name, found).stem.endswith(quantization), name
    with pytest.raises(InvalidRequest, match='Did you mean "qwen3 8B'):
        resolve("qwem3 8b", found)
    with pytest.raises(InvalidRequest, match="models list"):
        resolve("something else entirely", found)
