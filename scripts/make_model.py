"""Write a generated GGUF model: `make_model.py KIND OUT.gguf [--seed N]`.

    tiny              a few MB, word-like text, stops by itself, ChatML, think and tool tags
    tiny-bare         tiny without a chat template
    tiny-strict       tiny whose template refuses a system role and demands alternation
    tiny-think        tiny whose replies open with a thought between think tags
    lora-a, lora-b    adapters for the tiny of the same seed
    swa               sliding window (Gemma 3, 96 positions in five of six layers), else like tiny
    recurrent         Mamba, else like tiny
    hybrid            Jamba (a recurrent and an attention layer), else like tiny
    embed             BERT with mean pooling: texts that share words are near
    bench, bench-q8   1.1B parameters in Q4_0 and Q8_0, random weights, for measuring speed

The same kind and seed give the same bytes. The file appears whole or not at all.
"""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

if __package__ in (None, ""):  # run as a file: the repository root is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import gguf

from scripts.model_factory import adapter, decoder, encoder, special, vocab

_WRITERS: dict[str, Callable[[Path, int], None]] = {
    "tiny": decoder.write_tiny,
    "tiny-bare": partial(decoder.write_tiny, template=None),
    "tiny-strict": partial(decoder.write_tiny, template=vocab.NO_SYSTEM),
    "tiny-think": partial(decoder.write_tiny, thinks=True),
    "lora-a": partial(adapter.write_adapter, number=1),
    "lora-b": partial(adapter.write_adapter, number=2),
    "swa": special.write_sliding,
    "recurrent": special.write_recurrent,
    "hybrid": special.write_hybrid,
    "embed": encoder.write_embedder,
    "bench": partial(decoder.write_bench, kind=gguf.GGMLQuantizationType.Q4_0),
    "bench-q8": partial(decoder.write_bench, kind=gguf.GGMLQuantizationType.Q8_0),
}
KINDS = tuple(_WRITERS)


def build(kind: str, out: Path, seed: int = 0) -> Path:
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        _WRITERS[kind](part, seed)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    path = build(args.kind, args.out, args.seed)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
