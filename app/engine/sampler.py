"""Chooses the next token of one request from its logits.

Used on the decode thread; one object per request, closed once when the request ends.
Always true: the same seed, history and logits give the same token; a token the grammar forbids
is never chosen (accepting one would end the process); greedy without penalties never touches
the library's samplers, because numpy's argmax is faster.
"""

from collections.abc import Sequence
from math import isfinite, isnan
from typing import NamedTuple

import numpy as np

from app.core.errors import InvalidRequest, KnownError
from app.core.protocol import TokenLogprob
from app.core.sampling import Sampling
from app.engine.llama.sampling import (
    MOST_MEMORY,
    Candidates,
    Chain,
    Grammar,
    Logits,
    dry_reach,
    first_cut,
    looks_back,
    penalty_window,
)
from app.engine.llama.vocab import Vocab

MOST_LOGPROBS = 20
LIKELY = 256  # candidates a grammar is asked about before all others


class Pick(NamedTuple):
    token: int
    logprob: TokenLogprob | None = None


class Sampler:
    """`candidates` is scratch memory that all samplers of one decode thread share."""

    def __init__(
        self,
        vocab: Vocab,
        sampling: Sampling,
        candidates: Candidates,
        *,
        trained_ctx: int,
        grammar: str = "",
        ignore_eos: bool = False,
        logprobs: int | None = None,
    ) -> None:
        check(sampling)
        self._vocab = vocab
        self._candidates = candidates
        self._logprobs = None if logprobs is None else max(0, min(logprobs, MOST_LOGPROBS))
        bias = dict(sampling.logit_bias)
        if ignore_eos:
            bias |= dict.fromkeys(vocab.end_tokens, -np.inf)
        known = {token: value for token, value in bias.items() if 0 <= token < vocab.size}
        self._biased = np.fromiter(known.keys(), np.int64)
        self._bias = np.fromiter(known.values(), np.float32)
        self._grammar = Grammar(vocab, grammar) if grammar else None
        plain = sampling.temperature <= 0 and not looks_back(sampling) and not grammar
        self._chain = None if plain else Chain(vocab, sampling, trained_ctx)
        self.exhausted = False  # the grammar allows nothing more: the reply is over
        self._memory = max(penalty_window(sampling, trained_ctx), dry_reach(sampling, trained_ctx))
        self._needed = first_cut(sampling, trained_ctx)
        self._reach = 8.0  # how far below the best logit the needed tokens lie, as learnt

    def remember(self, prompt: Sequence[int]) -> None:
        """Lets the penalties see the end of the prompt; called once, before the first pick."""
        if self._chain is not None and self._memory:
            for token in prompt[-self._memory :]:
                self._chain.accept(token)

    def pick(self, logits: Logits) -> Pick:
        if not isfinite(logits.max()):
            raise KnownError("The model computed no usable numbers. Its file may be damaged.")
        weighed = logits
        if len(self._biased):
            weighed = logits.copy()
            weighed[self._biased] += self._bias
        token = int(weighed.argmax()) if self._chain is None else self._from_chain(weighed)
        return Pick(token, None if self._logprobs is None else self._logprob(token, logits))

    def close(self) -> None:
        if self._chain is not None:
            self._chain.close()
        if self._grammar is not None:
            self._grammar.close()

    # ------------------------------------------------------------ inside

    def _from_chain(self, logits: Logits) -> int:
        assert self._chain is not None
        candidates, grammar = self._candidates, self._grammar
        self._fill(logits)
        self._chain.apply(candidates)
        token = candidates.selected
        if grammar is not None and not self._passes(grammar, token):
            token = self._within(grammar, logits)
            if token < 0:
                self.exhausted = True
                return max(self._vocab.eos, 0)
        self._chain.accept(token)
        if grammar is not None:
            grammar.accept(token)
        return token

    def _fill(self, logits: Logits) -> None:
        """The tokens that can matter: laying out a large vocabulary costs more than sampling.

        The cut is made by logit, so a reach that yields enough tokens yields the right ones.
        """
        if not 0 < self._needed < self._vocab.size:
            return self._candidates.fill(logits)
        found = self._candidates.fill_above(logits, float(logits.max()) - self._reach)
        if found < self._needed:
            self._reach *= 1.25
            return self._candidates.fill(logits)
        if found > 4 * self._needed + 256:
            self._reach *= 0.9
        return None

    def _within(self, grammar: Grammar, logits: Logits) -> int:
        """The choice among what the grammar allows; -1 when that is nothing.

        A grammar asks each token anew, so it is asked about one first, then about the likely
        ones, and about the whole vocabulary (half a second at 152k) only when none of them fit.
        """
        assert self._chain is not None
        candidates = self._candidates
        for count in (min(LIKELY, self._vocab.size), self._vocab.size):
            candidates.fill_best(logits, count)
            grammar.restrict(candidates)
            if candidates.impossible:
                continue
            self._chain.apply(candidates)
            token = candidates.selected
            if self._passes(grammar, token):
                return token
        return -1

    def _passes(self, grammar: Grammar, token: int) -> bool:
        return token >= 0 and grammar.allows(token, self._candidates)

    def _logprob(self, token: int, logits: Logits) -> TokenLogprob:
        """From the model's own distribution, before bias and temperature."""
        highest = float(logits.max())
        total = highest + float(np.log(np.exp(logits - highest, dtype=np.float64).sum()))
        count = min(self._logprobs or 0, self._vocab.size)
        best: list[int] = []
        if count:
            top = np.argpartition(logits, -count)[-count:]
            best = top[np.argsort(-logits[top], kind="stable")].tolist()
        return TokenLogprob(
            token=self._text(token),
            logprob=float(logits[token]) - total if token >= 0 else 0.0,
            top=tuple((self._text(other), float(logits[other]) - total) for other in best),
        )

    def _text(self, token: int) -> str:
        return self._vocab.piece(token).decode("utf-8", "replace")


def check(s: Sampling) -> None:
    """The library's samplers do not check: a value out of range here is an abort there."""
    floats = {
        name: getattr(s, name) for name, kind in Sampling.__annotations__.items() if kind is float
    }
    for name, value in floats.items():
        if not isfinite(value):
            raise InvalidRequest(f"The sampling value {name} must be a finite number.")
    for name in ("temperature", "min_p", "dry_multiplier", "mirostat_tau", "mirostat_eta"):
        if floats[name] < 0:
            raise InvalidRequest(f"The sampling value {name} must not be negative.")
    for name in ("top_p", "typical_p", "xtc_probability", "xtc_threshold", "min_p"):
        if not 0 <= floats[name] <= 1:
            raise InvalidRequest(f"The sampling value {name} must be between 0 and 1.")
    if s.repeat_penalty <= 0:
        raise InvalidRequest("The sampling value repeat_penalty must be above 0.")
    if s.penalty_window > MOST_MEMORY or s.dry_window > MOST_MEMORY:
        raise InvalidRequest(f"A penalty window holds at most {MOST_MEMORY:,} tokens.")
    if any(isnan(value) or value == np.inf for value in s.logit_bias.values()):
        raise InvalidRequest("A logit bias must be a number.")
