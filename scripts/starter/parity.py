"""Whether a GGUF says what its checkpoint says: `python -m scripts.starter.parity CHECKPOINT GGUF`.

Token by token through llama.cpp, run in a process of the Python given with `--llama`: PyTorch and
llama.cpp need not live in one environment.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from scripts.starter.lessons import lesson

_UNSEEN = 900_000_000  # lessons no run reaches
_COUNT = 6
_ODD = (
    "What's my dog's name?  3.50 euros -- really?\n\n\tTabs & CAPS_LOCK/foo_bar.txt C:\\Temp\\x",
    "Café naïve — “quotes” 日本語 🦙 Здравствуй",
    "a  b\n \n  c\r\nd ...\n",
)


def _said(number: int) -> str:
    return "".join(
        f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in lesson(1, _UNSEEN + number)
    )


def _by_torch(checkpoint: Path, folder: Path) -> None:
    import torch

    from scripts.starter import vocabulary
    from scripts.starter.network import Shape, Starter

    words = vocabulary.load(checkpoint.with_name("vocabulary.json"))
    kept = torch.load(checkpoint, weights_only=True, map_location="cpu")
    model = Starter(Shape(**kept["shape"]))
    model.load_state_dict(kept["average"])
    ids = [words.conversation(lesson(1, _UNSEEN + n))[0] for n in range(_COUNT)]
    with torch.no_grad():
        logits = [model(torch.tensor([row]))[0].numpy() for row in ids]
    np.savez(folder / "logits.npz", *logits)
    odd = [words.encode(text) for text in _ODD]
    (folder / "ids.json").write_text(json.dumps({"ids": ids, "odd": odd}), encoding="utf-8")


def _by_llama(model: Path, folder: Path) -> dict[str, float]:
    from llama_cpp import Llama

    kept = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
    expected = np.load(folder / "logits.npz")
    llama = Llama(str(model), n_ctx=2048, logits_all=True, verbose=False, n_threads=2)
    same, far, agreed = 0, 0.0, 0.0
    for number, ids in enumerate(kept["ids"]):
        same += llama.tokenize(_said(number).encode(), add_bos=False, special=True) == ids
        llama.reset()
        llama.eval(ids)
        found, wanted = np.array(llama.scores[: len(ids)]), expected[f"arr_{number}"]
        far = max(far, float(np.abs(found - wanted).max()))
        agreed += float((found.argmax(1) == wanted.argmax(1)).mean()) / _COUNT
    odd = zip(_ODD, kept["odd"], strict=True)
    same_odd = sum(llama.tokenize(text.encode(), add_bos=False) == ids for text, ids in odd)
    return {"same tokens": same / _COUNT, "odd texts": same_odd / len(_ODD),
            "furthest logit": far, "same choice": agreed}  # fmt: skip


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("checkpoint", type=Path)
    said.add_argument("model", type=Path)
    said.add_argument("--llama", default=sys.executable, help="a Python that has llama_cpp")
    said.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = said.parse_args()
    if asked.folder is not None:
        print(json.dumps(_by_llama(asked.model, asked.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        _by_torch(asked.checkpoint, Path(folder))
        arguments = [str(asked.checkpoint), str(asked.model), "--folder", folder]
        subprocess.run([asked.llama, "-m", "scripts.starter.parity", *arguments], check=True)


if __name__ == "__main__":
    main()
