"""Vocabularies: tokens, types and merges, and the metadata that tells llama.cpp about them."""

from dataclasses import dataclass
from functools import cached_property

import gguf

from scripts.model_factory import bpe, corpus

END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
THINK, THINK_END = "<think>", "</think>"
_TAGS = (THINK, THINK_END, "<tool_call>", "</tool_call>")  # printed, so "user defined"
_CONTROLS = (END_OF_TEXT, TURN_START, TURN_END, "<|fim_prefix|>", "<|fim_suffix|>")
SPECIALS = _CONTROLS + _TAGS

_BODY = (
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CHATML = "{% for message in messages %}" + _BODY
NO_SYSTEM = (
    "{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}" + _BODY
)


@dataclass(frozen=True)
class Vocabulary:
    tokens: list[str]
    types: list[gguf.TokenType]
    merges: list[bpe.Pair]

    @cached_property
    def ids(self) -> dict[str, int]:
        return {token: index for index, token in enumerate(self.tokens)}

    @cached_property
    def encoder(self) -> bpe.Encoder:
        return bpe.Encoder(self.merges, self.ids)

    def __len__(self) -> int:
        return len(self.tokens)

    def describe(self, writer: gguf.GGUFWriter, template: str | None = CHATML) -> None:
        writer.add_vocab_size(len(self))
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("qwen2")
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.types)
        writer.add_token_merges([" ".join(pair) for pair in self.merges])
        writer.add_bos_token_id(self.ids[END_OF_TEXT])
        writer.add_eos_token_id(self.ids[TURN_END])
        writer.add_pad_token_id(self.ids[END_OF_TEXT])
        writer.add_add_bos_token(False)
        if template is not None:
            writer.add_chat_template(template)


def byte_level(size: int, seed: int) -> Vocabulary:
    """`size` tokens: 256 bytes, learned merges, unused padding where text ran out, specials."""
    merges = bpe.train(corpus.mixed(seed), size - 256 - len(SPECIALS))
    tokens = [*bpe.ALPHABET.values(), *(a + b for a, b in merges)]
    padding = size - len(SPECIALS) - len(tokens)
    types = [gguf.TokenType.NORMAL] * len(tokens) + [gguf.TokenType.UNUSED] * padding
    tokens += [f"[unused{i}]" for i in range(padding)] + list(SPECIALS)
    types += [gguf.TokenType.CONTROL] * len(_CONTROLS)
    types += [gguf.TokenType.USER_DEFINED] * len(_TAGS)
    return Vocabulary(tokens, types, merges)
