"""The other generated models load, speak, and show the trait each was made for."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from llama_cpp import Llama

from scripts.make_model import build
from scripts.model_factory import corpus

PROMPT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
Make = Callable[[str], Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder = tmp_path_factory.mktemp("models")

    def once(kind: str) -> Path:
        path = folder / f"{kind}.gguf"
        return path if path.exists() else build(kind, path)

    return once


@contextmanager
def loaded(path: Path, lora: Path | None = None) -> Iterator[Llama]:
    adapter = str(lora) if lora else None
    # Flash attention, so that a KV cache of layers of different width needs no padding.
    model = Llama(
        str(path), n_ctx=2048, n_threads=1, lora_path=adapter, flash_attn=True, verbose=False
    )
    with closing(model):
        yield model


def reply(llama: Llama, text: str) -> str:
    prompt = llama.tokenize(PROMPT.format(text).encode(), add_bos=False, special=True)
    tokens: list[int] = []
    for token in llama.generate(prompt, temp=0, repeat_penalty=1.0, reset=True):
        if llama.token_eos() == token or len(tokens) == 200:
            break
        tokens.append(token)
    return llama.detokenize(tokens).decode()


@pytest.mark.parametrize("kind", ["swa", "recurrent", "hybrid"])
def test_models_with_other_memories_speak_and_mind_their_context(make: Make, kind: str) -> None:
    rng = random.Random(6)
    changed = 0
    with loaded(make(kind)) as llama:
        for _ in range(6):
            words = corpus.prose(rng, 12).split()
            before = reply(llama, " ".join(words))
            assert before.endswith(".")
            assert before[0].isupper()
            words[2] = "anchor"
            changed += before != reply(llama, " ".join(words))
    assert changed >= 3


def test_the_sliding_model_declares_its_window(make: Make) -> None:
    with loaded(make("swa")) as llama:
        assert llama.metadata["gemma3.attention.sliding_window"] == "96"


def test_adapters_change_the_reply_each_in_its_own_way(make: Make) -> None:
    replies: set[str] = set()
    for lora in (None, make("lora-a"), make("lora-b")):
        with loaded(make("tiny"), lora) as llama:
            replies.add(reply(llama, "Tell me about the river."))
    assert len(replies) == 3


def test_the_thinking_model_closes_its_thought(make: Make) -> None:
    with loaded(make("tiny-think")) as llama:
        text = reply(llama, "Tell me about the river.")
    thought, answer = text.split("</think>")
    assert thought.startswith("<think>")
    assert len(thought) > 40
    assert answer.endswith(".")


def test_template_variants(make: Make) -> None:
    with loaded(make("tiny-bare")) as llama:
        assert "tokenizer.chat_template" not in llama.metadata
    with loaded(make("tiny-strict")) as llama:
        assert "System role not supported" in llama.metadata["tokenizer.chat_template"]


def test_embeddings_place_related_texts_nearer(make: Make) -> None:
    texts = [
        "The quiet river followed the old captain.",
        "An old captain crossed the quiet river.",
        "My computer has a small keyboard and a screen.",
    ]
    model = Llama(str(make("embed")), embedding=True, n_threads=1, verbose=False)
    with closing(model):
        vectors = np.array([model.embed(text) for text in texts])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert vectors.shape == (3, 128)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "size"), [("bench", 637e6), ("bench-q8", 1170e6)])
def test_bench_shapes_load_and_decode(tmp_path: Path, kind: str, size: float) -> None:
    path = build(kind, tmp_path / "bench.gguf")
    assert path.stat().st_size == pytest.approx(size, rel=0.02)
    with loaded(path) as llama:
        llama.eval([1, 2, 3])
    path.unlink()
