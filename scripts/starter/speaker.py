"""A model answering through llama.cpp, greedily, as the app's ChatML has it. For examinations."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llama_cpp import Llama

from scripts.starter.talk import Said

_CONTEXT = 2048


@dataclass
class Speaker:
    """Counts how often a reply ended by itself."""

    model: Path
    threads: int = 2
    replies: int = 0
    ended: int = 0

    def __post_init__(self) -> None:
        self._llama = Llama(
            str(self.model), n_ctx=_CONTEXT, n_threads=self.threads, n_threads_batch=self.threads,
            verbose=False,
        )  # fmt: skip

    def tokens(self, said: Sequence[Said]) -> list[int]:
        text = "".join(f"<|im_start|>{role}\n{words}<|im_end|>\n" for role, words in said)
        return self._llama.tokenize(text.encode(), add_bos=False, special=True)

    def reply(self, said: Sequence[Said], most: int = 300) -> str:
        opening = self._llama.tokenize(b"<|im_start|>assistant\n", add_bos=False, special=True)
        prompt = [*self.tokens(said), *opening]
        most = min(most, _CONTEXT - len(prompt) - 1)
        said_ids: list[int] = []
        self.replies += 1
        for token in self._llama.generate(prompt, temp=0.0, top_k=1, repeat_penalty=1.0):
            if token == self._llama.token_eos():
                self.ended += 1
                break
            said_ids.append(token)
            if len(said_ids) >= most:
                break
        return self._llama.detokenize(said_ids).decode("utf-8", "replace")
