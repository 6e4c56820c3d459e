"""Small handmade GGUF files for discovery: right headers, hardly any weights."""

from pathlib import Path

import gguf
import numpy as np


def _write(
    path: Path, architecture: str, name: str, tensors: list[str], split: tuple[int, int] = (0, 1)
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, architecture)
    if name:
        writer.add_name(name)
        writer.add_block_count(3)
        writer.add_context_length(4096)
        writer.add_embedding_length(64)
        writer.add_head_count(2)
    if split[1] > 1:
        writer.add_uint16("split.no", split[0])
        writer.add_uint16("split.count", split[1])
    for index, tensor in enumerate(tensors):
        seed = sum(name.encode()) + index
        writer.add_tensor(tensor, np.full((4, 64), seed, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write(path: Path, name: str) -> Path:
    """A chat model; two names give files of one size when the names are equally long."""
    return _write(path, "llama", f"{name:<20}", ["token_embd.weight", "blk.0.attn_q.weight"])


def write_projector(path: Path) -> Path:
    return _write(path, "clip", "eyes", ["v.patch_embd.weight"])


def write_split(folder: Path, stem: str, count: int) -> list[Path]:
    return [
        _write(
            folder / f"{stem}-{number + 1:05}-of-{count:05}.gguf",
            "llama",
            "split" if number == 0 else "",
            [f"blk.{number}.attn_q.weight"],
            (number, count),
        )
        for number in range(count)
    ]
