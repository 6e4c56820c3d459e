"""Text to tokens and back on a real vocabulary; control tokens typed by people stay text."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages import Message
from app.engine.llama.vocab import Vocab
from app.engine.parse import SHOWN
from app.engine.template import CHATML, ChatTemplate, Ends
from app.engine.traits import Traits
from tests.engine.library import opened


@pytest.fixture(scope="module")
def vocab(tiny_model: Path) -> Iterator[Vocab]:
    with opened(tiny_model) as model:
        yield Vocab(model, SHOWN)


def test_special_tokens_and_the_ends_of_a_reply(vocab: Vocab) -> None:
    assert {"<|im_start|>", "<|im_end|>", "<|endoftext|>"} <= vocab.special_texts
    assert {vocab.piece(token) for token in vocab.end_tokens} >= {b"<|im_end|>"}
    assert vocab.named["eos"] == "<|im_end|>"
    assert "<think>" not in vocab.special_texts  # user-defined: ordinary text


def test_special_text_is_a_token_only_when_asked_for(vocab: Vocab) -> None:
    assert len(vocab.tokenize("<|im_end|>", special=True)) == 1
    plain = vocab.tokenize("<|im_end|>", special=False)
    assert len(plain) > 1
    assert not vocab.end_tokens & set(plain)


def test_control_tokens_are_hidden_from_the_reader(vocab: Vocab) -> None:
    (end,) = vocab.tokenize("<|im_start|>", special=True)
    assert vocab.visible(end) == b""
    assert vocab.piece(end) == b"<|im_start|>"
    (think,) = vocab.tokenize("<think>", special=True)
    assert vocab.visible(think) == b"<think>"


@pytest.mark.parametrize("token", [-1, 1 << 30])
def test_a_token_the_model_does_not_have_is_nothing(vocab: Vocab, token: int) -> None:
    assert vocab.piece(token) == b""
    assert vocab.detokenize([token]) == ""


@pytest.mark.parametrize("special", [True, False])
def test_text_comes_back_from_its_tokens(vocab: Vocab, special: bool) -> None:
    @given(st.text(max_size=40))
    def check(text: str) -> None:
        clean = text.replace("\0", "")
        assert vocab.detokenize(vocab.tokenize(text, special=special)) == clean

    check()


def test_half_surrogates_become_replacement_characters(vocab: Vocab) -> None:
    assert vocab.detokenize(vocab.tokenize("a\ud800b", special=False)) == "a\ufffdb"


def test_a_long_text_is_read_whole(vocab: Vocab) -> None:
    text = "word 天 " * 50_000
    assert vocab.detokenize(vocab.tokenize(text, special=True)) == text


def test_no_message_can_smuggle_a_control_token(vocab: Vocab) -> None:
    ends = Ends(vocab.named["bos"], vocab.named["eos"])
    chat = ChatTemplate(CHATML, Traits(), ends, vocab.special_texts)
    marks = st.sampled_from(sorted(vocab.special_texts)) | st.text(max_size=5)
    texts = st.lists(marks, max_size=6).map("".join)

    @given(st.lists(texts, min_size=1, max_size=4))
    def check(said: list[str]) -> None:
        prompt = chat.prompt([Message(role="user", content=text) for text in said])
        tokens = prompt.tokens(vocab)
        controls = [vocab.special[token] for token in tokens if token in vocab.special]
        assert controls == ["<|im_start|>", "<|im_end|>"] * len(said) + ["<|im_start|>"]
        assert vocab.detokenize(tokens) == prompt.text

    check()


def test_counts_equal_what_the_prompts_have(vocab: Vocab) -> None:
    chat = ChatTemplate(CHATML, Traits(), Ends("", "<|im_end|>"), vocab.special_texts)
    texts = st.sampled_from(["hello there", "<|im_end|>", "天 ok\n", ""]) | st.text(max_size=9)

    @given(st.lists(texts, max_size=5))
    def check(said: list[str]) -> None:
        messages = [Message(role="user", content=text) for text in said]
        cumulative, overhead = chat.counts(messages, vocab)
        whole = len(chat.prompt(messages).tokens(vocab))
        assert (cumulative[-1] if cumulative else 0) + overhead == whole
        for end, count in enumerate(cumulative, 1):
            reply = chat.prompt(messages[:end]).tokens(vocab)
            assert count == len(reply) - overhead

    check()
