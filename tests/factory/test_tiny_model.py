"""The generated tiny model speaks, stops by itself, repeats itself, and minds its context."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from llama_cpp import Llama

from scripts.make_model import build
from scripts.model_factory import corpus

PROMPT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("tiny", tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture(scope="module")
def llama(path: Path) -> Iterator[Llama]:
    model = Llama(str(path), n_ctx=4096, n_batch=256, n_threads=1, verbose=False)
    yield model
    model.close()


def greedy(llama: Llama, text: str, limit: int = 200) -> list[int]:
    reply: list[int] = []
    tokens = llama.tokenize(PROMPT.format(text).encode(), add_bos=False, special=True)
    for token in llama.generate(tokens, temp=0, repeat_penalty=1.0, reset=True):
        if llama.token_eos() == token or len(reply) == limit:
            break
        reply.append(token)
    return reply


def test_it_is_small_and_the_same_under_a_seed(path: Path, tmp_path: Path) -> None:
    assert path.stat().st_size <= 5_000_000
    assert build("tiny", tmp_path / "again.gguf").read_bytes() == path.read_bytes()
    assert build("tiny", tmp_path / "other.gguf", seed=1).read_bytes() != path.read_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {"again.gguf", "other.gguf"}


def test_replies_are_words_and_end_by_themselves(llama: Llama) -> None:
    rng = random.Random(3)
    for _ in range(12):
        reply = greedy(llama, corpus.prose(rng, rng.randint(1, 12)))
        text = llama.detokenize(reply).decode()
        assert 20 <= len(reply) <= 120
        assert text[0].isupper()
        assert text.endswith(".")


def test_special_tokens_are_single_and_text_survives_the_tokenizer(llama: Llama) -> None:
    for tag in ("<|im_start|>", "<|im_end|>", "<think>", "</think>", "<tool_call>"):
        assert len(llama.tokenize(tag.encode(), add_bos=False, special=True)) == 1
    for text in (corpus.mixed(7, sections=12), "天气 🚀 naïve\t\x00\n\n  x"):
        tokens = llama.tokenize(text.encode(), add_bos=False, special=False)
        assert llama.detokenize(tokens).decode() == text


def test_an_early_word_changes_the_reply(llama: Llama) -> None:
    """Without this a wrong KV cell would go unnoticed in every greedy comparison."""
    rng = random.Random(4)
    changed = 0
    for _ in range(10):
        words = corpus.prose(rng, 20).split()
        before = greedy(llama, " ".join(words))
        words[2] = "anchor"
        changed += before != greedy(llama, " ".join(words))
    assert changed >= 8


def test_greedy_replies_do_not_hang_on_rounding(path: Path, llama: Llama) -> None:
    other = Llama(str(path), n_ctx=4096, n_batch=7, n_threads=2, verbose=False)
    rng = random.Random(5)
    try:
        for _ in range(10):
            text = corpus.prose(rng, 12)
            assert greedy(llama, text) == greedy(other, text)
    finally:
        other.close()
