"""The library's samplers as two owned objects: a chain of stages and a grammar.

Used on the decode thread only. Always true: each object frees its C memory exactly once, at
`close` or when collected; a grammar never accepts a token it forbids (that call would end the
process), so `Grammar.accept` is only reached through `Grammar.allows`.
"""

import weakref
from ctypes import byref, c_char_p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core.errors import InvalidRequest
from app.core.sampling import Sampling
from app.engine.llama.library import lib
from app.engine.llama.vocab import Vocab

Logits = NDArray[np.float32]
EVERY_SEED = 0xFFFF_FFFF  # the library reads this one as "choose at random"

# The most candidates a stage after top_k ever sees, also when the request switches top_k off:
# sorting a vocabulary of 152k costs 9 ms a token, sorting these a tenth of one.
WIDEST = 4096
MOST_MEMORY = 1 << 20  # tokens that a penalty looks back
_DRY_SPARE = 1024

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
_DRY_BREAKERS = (b"\n", b":", b'"', b"*")


class Candidates:
    """The array the C samplers work on, laid over numpy memory and used again for every token."""

    def __init__(self, size: int) -> None:
        self._ids = np.arange(size, dtype=np.int32)
        self._rows = np.zeros(size, dtype=_CANDIDATE)
        self.array = lib.llama_token_data_array()
        self.reference = byref(self.array)
        self._data: Any = self._rows.ctypes.data_as(lib.llama_token_data_p)

    def fill(self, logits: Logits) -> None:
        """Every token of the vocabulary with its logit."""
        self._rows["id"] = self._ids
        self._rows["logit"] = logits
        self._reset(len(self._ids))

    def fill_above(self, logits: Logits, least: float) -> int:
        """Only the tokens with at least this logit; answers how many there are."""
        likely = np.flatnonzero(logits >= least)
        self._rows["id"][: len(likely)] = likely
        self._rows["logit"][: len(likely)] = logits[likely]
        self._reset(len(likely))
        return len(likely)

    def fill_best(self, logits: Logits, count: int) -> None:
        """The `count` most likely tokens only."""
        best = np.argpartition(logits, -count)[-count:]
        best.sort()  # the partition's order is not one to depend on
        self._rows["id"][:count] = best
        self._rows["logit"][:count] = logits[best]
        self._reset(count)

    def fill_one(self, token: int) -> None:
        self._rows[0] = (token, 1.0, 0.0)
        self._reset(1)

    def _reset(self, size: int) -> None:
        self.array.data = self._data
        self.array.size = size
        self.array.selected = -1
        self.array.sorted = False

    @property
    def impossible(self) -> bool:
        """Whether a grammar left none; asked before the chain moves the rows elsewhere."""
        return bool(self._rows["logit"][: self.array.size].max() == -np.inf)

    @property
    def first_logit(self) -> float:
        return float(self._rows["logit"][0])

    @property
    def selected(self) -> int:
        """The chosen token; -1 when the chain chose none."""
        if not 0 <= self.array.selected < self.array.size:
            return -1
        # The samplers may have pointed `data` at memory of their own.
        return int(self.array.data[self.array.selected].id)


class Chain:
    """The stages of one request, from the whole vocabulary to one token."""

    def __init__(self, vocab: Vocab, sampling: Sampling, trained_ctx: int) -> None:
        self._pointer: Any = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        self._free = weakref.finalize(self, lib.llama_sampler_free, self._pointer)
        for stage in _stages(vocab, sampling, trained_ctx):
            lib.llama_sampler_chain_add(self._pointer, stage)

    def apply(self, candidates: Candidates) -> None:
        lib.llama_sampler_apply(self._pointer, candidates.reference)

    def accept(self, token: int) -> None:
        lib.llama_sampler_accept(self._pointer, token)

    def close(self) -> None:
        self._free()


class Grammar:
    """A compiled GBNF grammar and how far the reply has come in it."""

    def __init__(self, vocab: Vocab, text: str) -> None:
        pointer: Any = lib.llama_sampler_init_grammar(vocab.pointer, text.encode(), b"root")
        if not pointer:
            raise InvalidRequest("The response format could not be compiled. Simplify its schema.")
        self._pointer = pointer
        self._free = weakref.finalize(self, lib.llama_sampler_free, pointer)

    def allows(self, token: int, candidates: Candidates) -> bool:
        candidates.fill_one(token)
        lib.llama_sampler_apply(self._pointer, candidates.reference)
        return candidates.first_logit != -np.inf

    def restrict(self, candidates: Candidates) -> None:
        lib.llama_sampler_apply(self._pointer, candidates.reference)

    def accept(self, token: int) -> None:
        lib.llama_sampler_accept(self._pointer, token)

    def close(self) -> None:
        self._free()


# ---------------------------------------------------------------- stages


def _stages(vocab: Vocab, sampling: Sampling, trained_ctx: int) -> list[Any]:
    """In the order they run. Stages switched off by a neutral value are left out."""
    s = sampling
    seed = fresh_seed() if s.seed is None else s.seed % EVERY_SEED
    stages: list[Any] = []
    stages += _repetition(vocab, s, trained_ctx)
    if s.temperature <= 0:
        return [*stages, lib.llama_sampler_init_greedy()]
    if s.mirostat == 1:
        tau, eta = s.mirostat_tau, s.mirostat_eta
        miro = lib.llama_sampler_init_mirostat(vocab.size, seed, tau, eta, 100)
        return [*stages, _top_k(WIDEST), lib.llama_sampler_init_temp(s.temperature), miro]
    if s.mirostat == 2:
        miro = lib.llama_sampler_init_mirostat_v2(seed, s.mirostat_tau, s.mirostat_eta)
        return [*stages, _top_k(WIDEST), lib.llama_sampler_init_temp(s.temperature), miro]
    return [*stages, *_narrowing(s, seed), lib.llama_sampler_init_dist(seed)]


def _repetition(vocab: Vocab, s: Sampling, trained_ctx: int) -> list[Any]:
    """Penalties, behind a first cut that cannot change what they let through."""
    stages: list[Any] = []
    cut = first_cut(s, trained_ctx)
    window, dry_window = penalty_window(s, trained_ctx), dry_reach(s, trained_ctx)
    if looks_back(s) and cut:
        stages.append(_top_k(cut))
    if penalises(s):
        stages.append(
            lib.llama_sampler_init_penalties(
                vocab.size, window, s.repeat_penalty, s.frequency_penalty, s.presence_penalty
            )
        )
    if s.dry_multiplier > 0.0:
        breakers = (c_char_p * len(_DRY_BREAKERS))(*_DRY_BREAKERS)
        stages.append(
            lib.llama_sampler_init_dry(
                vocab.pointer,
                s.dry_multiplier,
                s.dry_base,
                s.dry_allowed_length,
                dry_window,
                breakers,
                len(_DRY_BREAKERS),
            )
        )
    return stages


def _narrowing(s: Sampling, seed: int) -> list[Any]:
    stages: list[Any] = [_top_k(_kept(s))]
    if s.typical_p < 1.0:
        stages.append(lib.llama_sampler_init_typical(s.typical_p, 1))
    if s.top_p < 1.0:
        stages.append(lib.llama_sampler_init_top_p(s.top_p, 1))
    if s.min_p > 0.0:
        stages.append(lib.llama_sampler_init_min_p(s.min_p, 1))
    if s.xtc_probability > 0.0:
        stages.append(lib.llama_sampler_init_xtc(s.xtc_probability, s.xtc_threshold, 1, seed))
    stages.append(lib.llama_sampler_init_temp(s.temperature))
    return stages


def first_cut(s: Sampling, trained_ctx: int) -> int:
    """How many of the most likely tokens can matter at all; 0: any may.

    A penalty only lowers tokens of its window, so the best k after it are among the best
    k + window before it. A negative presence or frequency *raises* tokens: then no first cut.
    """
    if s.repeat_penalty < 1.0 or s.presence_penalty < 0.0 or s.frequency_penalty < 0.0:
        return 0
    return _kept(s) + penalty_window(s, trained_ctx) + _DRY_SPARE * (s.dry_multiplier > 0.0)


def penalises(s: Sampling) -> bool:
    return (s.repeat_penalty, s.presence_penalty, s.frequency_penalty) != (1.0, 0.0, 0.0)


def looks_back(s: Sampling) -> bool:
    return penalises(s) or s.dry_multiplier > 0.0


def penalty_window(s: Sampling, trained_ctx: int) -> int:
    """How many past tokens the penalties see; 0 without any penalty."""
    if not penalises(s):
        return 0
    return s.penalty_window if s.penalty_window >= 0 else min(trained_ctx, MOST_MEMORY)


def dry_reach(s: Sampling, trained_ctx: int) -> int:
    """How many past tokens are searched for repetitions; 0 without the stage."""
    if s.dry_multiplier <= 0.0:
        return 0
    return s.dry_window if s.dry_window >= 0 else min(trained_ctx, MOST_MEMORY)


def _kept(s: Sampling) -> int:
    if s.temperature <= 0:
        return 1
    return min(s.top_k, WIDEST) if s.top_k > 0 and not s.mirostat else WIDEST


def _top_k(k: int) -> Any:
    return lib.llama_sampler_init_top_k(k)


def fresh_seed() -> int:
    return int(np.random.default_rng().integers(EVERY_SEED))
