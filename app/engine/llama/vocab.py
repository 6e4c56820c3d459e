"""The model's vocabulary: text to tokens and back, and which tokens are special.

Usable from any thread: the vocabulary is read-only and every call has its own buffer.
Always true: `piece` and `visible` answer bytes, because one token may hold part of a character;
only CONTROL and UNKNOWN tokens count as special: the library parses user-defined tokens from
plain text whatever it is told, so those are ordinary text.
"""

from collections.abc import Collection, Sequence
from ctypes import c_int32, create_string_buffer
from functools import cached_property
from typing import Any

from app.core.messages import clean_text
from app.engine.llama.library import lib

_SPECIAL = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_UNKNOWN
_SLACK = 16  # tokens a text may have beyond its bytes: the prefix space and the added ends


class Vocab:
    """`shown` are control tokens whose text reaches the reader of a reply (`<think>` ...)."""

    def __init__(self, model: Any, shown: Collection[str] = ()) -> None:
        self.pointer: Any = lib.llama_model_get_vocab(model)
        self.size = int(lib.llama_vocab_n_tokens(self.pointer))
        self.add_bos = bool(lib.llama_vocab_get_add_bos(self.pointer))
        self.bos = int(lib.llama_vocab_bos(self.pointer))
        self.eos = int(lib.llama_vocab_eos(self.pointer))
        self._shown = frozenset(shown)
        self._pieces: dict[int, bytes] = {}
        self._visible: dict[int, bytes] = {}

    # ------------------------------------------------------------ text to tokens

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """`special`: whether text such as `<|im_end|>` becomes its control token."""
        return self._tokenize(text, ends=False, special=special) if text else []

    def tokenize_whole(self, text: str) -> list[int]:
        """A text that stands alone, with the first and last tokens its model was trained on."""
        return self._tokenize(text, ends=True, special=False)

    def _tokenize(self, text: str, *, ends: bool, special: bool) -> list[int]:
        data = clean_text(text).encode()
        room = len(data) + _SLACK
        buffer = (c_int32 * room)()
        count = lib.llama_tokenize(self.pointer, data, len(data), buffer, room, ends, special)
        if count < 0:
            raise OverflowError(f"a text of {len(data)} bytes needs more than {room} tokens")
        return buffer[:count]

    # ------------------------------------------------------------ tokens to text

    def piece(self, token: int) -> bytes:
        """The token's bytes, control tokens written out."""
        found = self._pieces.get(token)
        if found is None:
            found = self._pieces[token] = self._read_piece(token)
        return found

    def visible(self, token: int) -> bytes:
        """What the reader of a reply sees of this token: nothing of most control tokens."""
        found = self._visible.get(token)
        if found is None:
            piece = self.piece(token)
            hidden = token in self.special and piece.decode("utf-8", "replace") not in self._shown
            found = self._visible[token] = b"" if hidden else piece
        return found

    def detokenize(self, tokens: Sequence[int]) -> str:
        pieces = b"".join(self.piece(token) for token in tokens if 0 <= token < self.size)
        return pieces.decode("utf-8", "replace")

    def _read_piece(self, token: int) -> bytes:
        if not 0 <= token < self.size:
            return b""  # the library throws a C++ exception through ctypes for such a token
        room = 64
        while True:
            buffer = create_string_buffer(room)
            length = lib.llama_token_to_piece(self.pointer, token, buffer, room, 0, True)
            if length >= 0:
                return buffer.raw[:length]
            room = -length

    # ------------------------------------------------------------ special tokens

    @cached_property
    def special(self) -> dict[int, str]:
        """Control and unknown tokens with their text."""
        read, pointer = lib.llama_vocab_get_attr, self.pointer
        found = (token for token in range(self.size) if read(pointer, token) & _SPECIAL)
        return {token: self.piece(token).decode("utf-8", "replace") for token in found}

    @cached_property
    def special_texts(self) -> frozenset[str]:
        return frozenset(text for text in self.special.values() if text)

    @cached_property
    def end_tokens(self) -> frozenset[int]:
        """Tokens that end a reply."""
        is_end, pointer = lib.llama_vocab_is_eog, self.pointer
        candidates = {*self.special, self.eos}
        return frozenset(token for token in candidates if token >= 0 and is_end(pointer, token))

    @cached_property
    def longest(self) -> int:
        """Bytes of the longest token; asks for all of them once."""
        return max(len(self._read_piece(token)) for token in range(self.size))

    @cached_property
    def named(self) -> dict[str, str]:
        """The tokens that templates and people call by name."""
        readers = {
            "bos": lib.llama_vocab_bos,
            "eos": lib.llama_vocab_eos,
            "eot": lib.llama_vocab_eot,
            "sep": lib.llama_vocab_sep,
            "pad": lib.llama_vocab_pad,
        }
        tokens = {name: int(read(self.pointer)) for name, read in readers.items()}
        return {
            name: self.piece(token).decode("utf-8", "replace")
            for name, token in tokens.items()
            if token >= 0
        }
