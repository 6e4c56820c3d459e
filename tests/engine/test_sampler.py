"""Which token is chosen: exactly, by seed, and by the statistics each stage promises."""

import gc
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import InvalidRequest, KnownError
from app.core.sampling import GREEDY, Sampling
from app.engine.llama import sampling as native
from app.engine.llama.library import lib
from app.engine.llama.sampling import (
    MOST_MEMORY,
    Candidates,
    Grammar,
    Logits,
    dry_reach,
    penalty_window,
)
from app.engine.llama.vocab import Vocab
from app.engine.sampler import Sampler
from tests.engine.library import opened

DRAWS = 2000
ALL = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, seed=7)
Make = Callable[..., Sampler]


@pytest.fixture(scope="module")
def vocab(tiny_model: Path) -> Iterator[Vocab]:
    with opened(tiny_model) as model:
        yield Vocab(model)


@pytest.fixture
def make(vocab: Vocab) -> Iterator[Make]:
    made: list[Sampler] = []
    candidates = Candidates(vocab.size)

    def sampler(sampling: Sampling, **options: object) -> Sampler:
        made.append(Sampler(vocab, sampling, candidates, trained_ctx=512, **options))  # type: ignore[arg-type]
        return made[-1]

    yield sampler
    for one in made:
        one.close()


def logits(vocab: Vocab, probabilities: dict[int, float]) -> Logits:
    """Logits of exactly these probabilities; all other tokens are impossible, or nearly."""
    out = np.full(vocab.size, -60.0, np.float32)
    for token, p in probabilities.items():
        out[token] = np.log(p)
    return out


def draws(sampler: Sampler, given: Logits, count: int = DRAWS) -> Counter[int]:
    return Counter(sampler.pick(given).token for _ in range(count))


def close_to(counts: Counter[int], expected: dict[int, float]) -> bool:
    """Within five standard deviations, and nothing else was drawn."""
    total = sum(counts.values())
    return set(counts) <= set(expected) and all(
        abs(counts[token] - p * total) <= 5 * (p * (1 - p) * total) ** 0.5 + 1
        for token, p in expected.items()
    )


MIX = {10: 0.5, 11: 0.25, 12: 0.15, 13: 0.07, 14: 0.03}


def test_greedy_takes_the_best(make: Make, vocab: Vocab) -> None:
    given = np.random.default_rng(0).normal(size=vocab.size).astype(np.float32)
    assert make(GREEDY).pick(given).token == int(given.argmax())


def test_the_same_seed_gives_the_same_tokens(make: Make, vocab: Vocab) -> None:
    rows = np.random.default_rng(1).normal(size=(40, vocab.size)).astype(np.float32) * 3
    for sampling in (
        Sampling(seed=5),
        Sampling(seed=5, xtc_probability=0.5, dry_multiplier=0.8, repeat_penalty=1.2),
        Sampling(seed=5, mirostat=1),
        Sampling(seed=5, mirostat=2),
    ):
        first, second = (
            [s.pick(row).token for row in rows] for s in (make(sampling), make(sampling))
        )
        assert first == second
    other = make(Sampling(seed=6))
    assert [other.pick(row).token for row in rows] != first


@pytest.mark.parametrize("seed", [0, 0xFFFF_FFFF, 1 << 40])
def test_any_seed_is_a_seed(make: Make, vocab: Vocab, seed: int) -> None:
    given = logits(vocab, MIX)
    sampling = Sampling(temperature=1.0, seed=seed)
    first, second = make(sampling), make(sampling)
    assert [first.pick(given) for _ in range(50)] == [second.pick(given) for _ in range(50)]


def test_without_a_seed_two_replies_differ(make: Make, vocab: Vocab) -> None:
    given = np.zeros(vocab.size, np.float32)
    free = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0)
    first, second = make(free), make(free)
    assert [first.pick(given) for _ in range(20)] != [second.pick(given) for _ in range(20)]


def test_plain_sampling_follows_the_probabilities(make: Make, vocab: Vocab) -> None:
    assert close_to(draws(make(ALL), logits(vocab, MIX)), MIX)


def with_(**changes: object) -> Sampling:
    import msgspec

    return msgspec.structs.replace(ALL, **changes)


def scaled(keep: list[int], power: float = 1.0) -> dict[int, float]:
    total = sum(MIX[token] ** power for token in keep)
    return {token: MIX[token] ** power / total for token in keep}


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (with_(top_k=2), scaled([10, 11])),
        (with_(top_p=0.7), scaled([10, 11])),
        (with_(top_p=0.8), scaled([10, 11, 12])),
        (with_(min_p=0.2), scaled([10, 11, 12])),
        (with_(temperature=0.5), scaled([10, 11, 12, 13, 14], 2.0)),
        (with_(temperature=2.0, top_k=5), scaled([10, 11, 12, 13, 14], 0.5)),
        (with_(xtc_probability=1.0, xtc_threshold=0.1), scaled([12, 13, 14])),
        (with_(logit_bias={10: -np.inf, 11: -np.inf}), scaled([12, 13, 14])),
    ],
    ids=["top_k", "top_p", "top_p wide", "min_p", "cold", "hot", "xtc", "bias"],
)
def test_each_stage_leaves_what_it_promises(
    make: Make, vocab: Vocab, sampling: Sampling, expected: dict[int, float]
) -> None:
    assert close_to(draws(make(sampling), logits(vocab, MIX)), expected)


def test_typical_sampling_prefers_the_expected_surprise(make: Make, vocab: Vocab) -> None:
    even = {10: 0.4, 11: 0.15, 12: 0.15, 13: 0.15, 14: 0.15}
    counts = draws(make(with_(typical_p=0.5)), logits(vocab, even))
    assert 10 not in counts or counts[10] < DRAWS * 0.4 - 300


@pytest.mark.parametrize("version", [1, 2])
def test_mirostat_steers_towards_its_surprise(make: Make, vocab: Vocab, version: int) -> None:
    shape = {token: 1.0 / (token + 1) ** 1.1 for token in range(300)}
    total = sum(shape.values())
    given = logits(vocab, {token: p / total for token, p in shape.items()})

    def surprise(tau: float) -> float:
        sampler = make(with_(mirostat=version, mirostat_tau=tau, mirostat_eta=0.1))
        drawn = [sampler.pick(given).token for _ in range(600)][100:]
        return float(np.mean([-np.log2(shape[token] / total) for token in drawn]))

    assert surprise(5.0) - surprise(2.0) > 1.0


@pytest.mark.parametrize(
    "penalty", [{"repeat_penalty": 1e6}, {"presence_penalty": 100.0}, {"frequency_penalty": 100.0}]
)
def test_penalties_keep_the_window_from_repeating(
    make: Make, vocab: Vocab, penalty: dict[str, float]
) -> None:
    given = np.linspace(5, 1, vocab.size).astype(np.float32)
    sampler = make(Sampling(temperature=0.0, penalty_window=8, **penalty))
    sampler.remember([0, 1])
    first = [sampler.pick(given).token for _ in range(7)]
    assert first == [2, 3, 4, 5, 6, 7, 8]
    assert sampler.pick(given).token == 0  # it left the window


def test_the_first_cut_before_penalties_changes_nothing(make: Make, vocab: Vocab) -> None:
    """A cut of k + window equals penalising the whole vocabulary."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(200, vocab.size)).astype(np.float32) * 2
    sampler = make(
        Sampling(temperature=0.0, repeat_penalty=1.3, presence_penalty=0.5, penalty_window=16)
    )
    seen: list[int] = []
    for row in rows:
        weighed = row.copy()
        for token in set(seen[-16:]):
            weighed[token] = (
                weighed[token] / 1.3 if weighed[token] > 0 else weighed[token] * 1.3
            ) - 0.5
        token = sampler.pick(row).token
        assert token == int(weighed.argmax())
        seen.append(token)


def test_a_negative_penalty_may_raise_a_token_from_anywhere(make: Make, vocab: Vocab) -> None:
    given = np.linspace(5, 1, vocab.size).astype(np.float32)
    low = vocab.size - 1
    sampler = make(Sampling(temperature=0.0, presence_penalty=-100.0))
    sampler.remember([low])
    assert sampler.pick(given).token == low


def test_dry_breaks_a_loop(make: Make, vocab: Vocab) -> None:
    plain, dry = make(GREEDY), make(Sampling(temperature=0.0, dry_multiplier=2.0))
    cycle = [300, 301, 302, 303]

    def run(sampler: Sampler) -> list[int]:
        out = [*cycle]
        sampler.remember(out)
        for _ in range(12):
            given = np.zeros(vocab.size, np.float32)
            given[cycle[(cycle.index(out[-1]) + 1) % 4] if out[-1] in cycle else 300] = 3.0
            out.append(sampler.pick(given).token)
        return out

    assert run(plain) == cycle * 4
    assert run(dry) != cycle * 4


def test_logit_bias_forces_a_token_also_when_greedy(make: Make, vocab: Vocab) -> None:
    given = np.linspace(5, 1, vocab.size).astype(np.float32)
    low = vocab.size - 1
    assert make(Sampling(temperature=0.0, logit_bias={low: 100.0})).pick(given).token == low
    assert (
        make(Sampling(temperature=0.0, logit_bias={1 << 40: 100.0, -1: 9.0})).pick(given).token == 0
    )
    assert given[low] == pytest.approx(1.0)  # the library's own logits stay untouched


def test_ignoring_the_end(make: Make, vocab: Vocab) -> None:
    given = np.zeros(vocab.size, np.float32)
    for token in vocab.end_tokens:
        given[token] = 50.0
    assert make(GREEDY).pick(given).token in vocab.end_tokens
    assert make(GREEDY, ignore_eos=True).pick(given).token not in vocab.end_tokens
    assert not vocab.end_tokens & set(draws(make(ALL, ignore_eos=True), given, 200))


def test_logprobs_are_the_models_own(make: Make, vocab: Vocab) -> None:
    given = logits(vocab, MIX)
    picked = make(Sampling(temperature=0.0, logit_bias={11: 99.0}), logprobs=3).pick(given)
    assert picked.token == 11
    assert picked.logprob is not None
    assert picked.logprob.logprob == pytest.approx(np.log(0.25), abs=1e-4)
    assert [p for _, p in picked.logprob.top] == pytest.approx(np.log([0.5, 0.25, 0.15]), abs=1e-4)
    assert make(GREEDY, logprobs=0).pick(given).logprob.top == ()  # type: ignore[union-attr]
    assert make(GREEDY).pick(given).logprob is None
    assert len(make(GREEDY, logprobs=10_000).pick(given).logprob.top) == 20  # type: ignore[union-attr]


# ---------------------------------------------------------------- guards


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_end_the_request(make: Make, vocab: Vocab, bad: float) -> None:
    given = np.zeros(vocab.size, np.float32)
    given[5] = bad
    for sampling in (GREEDY, ALL):
        with pytest.raises(KnownError, match="no usable numbers"):
            make(sampling).pick(given)
    with pytest.raises(KnownError):
        make(ALL).pick(np.full(vocab.size, -np.inf, np.float32))


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": float("nan")},
        {"temperature": -1.0},
        {"top_p": 1.5},
        {"min_p": -0.1},
        {"typical_p": float("inf")},
        {"repeat_penalty": 0.0},
        {"frequency_penalty": float("inf")},
        {"presence_penalty": float("nan")},
        {"penalty_window": 1 << 30},
        {"dry_window": 1 << 31},
        {"dry_base": float("nan")},
        {"xtc_probability": 2.0},
        {"mirostat_tau": -1.0},
        {"logit_bias": {1: float("nan")}},
        {"logit_bias": {1: float("inf")}},
    ],
)
def test_values_that_would_abort_in_the_library_are_refused(
    make: Make, bad: dict[str, object]
) -> None:
    with pytest.raises(InvalidRequest):
        make(with_(**bad))


@pytest.mark.parametrize(
    "extreme",
    [
        {"top_k": 1 << 30},
        {"top_k": -5},
        {"temperature": 1e30},
        {"temperature": 1e-30},
        {"penalty_window": -1, "repeat_penalty": 1.1},
        {"penalty_window": 0, "repeat_penalty": 1.1},
        {"dry_multiplier": 1.0, "dry_window": 0},
        {"dry_multiplier": 1e30, "dry_base": 1e30},
        {"dry_multiplier": 1.0, "dry_allowed_length": -5},
        {"min_p": 1.0},
        {"top_p": 0.0},
        {"typical_p": 0.0},
        {"mirostat": 2, "mirostat_tau": 0.0},
        {"mirostat": 1, "mirostat_eta": 1e30},
        {"logit_bias": dict.fromkeys(range(100), -np.inf)},
    ],
)
def test_extreme_values_still_choose_a_token(
    make: Make, vocab: Vocab, extreme: dict[str, object]
) -> None:
    rows = np.random.default_rng(2).normal(size=(30, vocab.size)).astype(np.float32)
    sampler = make(with_(**extreme))
    sampler.remember([1, 2, 3] * 10)
    assert all(0 <= sampler.pick(row).token < vocab.size for row in rows)


def test_a_grammar_keeps_every_token_and_then_ends(make: Make, vocab: Vocab) -> None:
    rng = np.random.default_rng(4)
    sampler = make(with_(temperature=1.5), grammar='root ::= "{" [a-z]{3,9} "}"')
    tokens: list[int] = []
    while not tokens or tokens[-1] not in vocab.end_tokens:
        tokens.append(sampler.pick(rng.normal(size=vocab.size).astype(np.float32)).token)
        assert len(tokens) < 20
    text = vocab.detokenize(tokens[:-1])
    assert text[0] + text[-1] == "{}"
    assert 3 <= len(text) - 2 <= 9


def test_a_dead_end_in_a_grammar_ends_the_reply(make: Make, vocab: Vocab) -> None:
    """With the end forbidden nothing may follow; accepting anything would end the process."""
    sampler = make(GREEDY, grammar='root ::= "a"', ignore_eos=True)
    given = np.zeros(vocab.size, np.float32)
    assert vocab.piece(sampler.pick(given).token) == b"a"
    assert not sampler.exhausted
    for _ in range(3):
        assert 0 <= sampler.pick(given).token < vocab.size
        assert sampler.exhausted


def test_a_grammar_that_does_not_compile_is_refused(vocab: Vocab) -> None:
    with pytest.raises(InvalidRequest, match="could not be compiled"):
        Grammar(vocab, "root ::= undefined-rule")


def test_native_memory_is_freed_exactly_once(vocab: Vocab, monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[int] = []
    real = lib.llama_sampler_free

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(lib, name)

        def llama_sampler_free(self, pointer: object) -> None:
            freed.append(id(pointer))
            real(pointer)

    monkeypatch.setattr(native, "lib", Counting())
    candidates = Candidates(vocab.size)
    closed = Sampler(vocab, ALL, candidates, trained_ctx=8, grammar='root ::= "a"')
    closed.close()
    closed.close()
    assert len(freed) == 2
    dropped = Sampler(vocab, ALL, candidates, trained_ctx=8)
    gone = weakref.ref(dropped)
    del dropped
    gc.collect()
    assert gone() is None
    assert len(freed) == 3


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(seed=3),
        Sampling(seed=3, top_k=5, repeat_penalty=1.3, dry_multiplier=0.5),
        Sampling(seed=3, temperature=0.0, presence_penalty=1.0),
        Sampling(seed=3, mirostat=2),
    ],
)
def test_laying_out_only_the_likely_tokens_changes_nothing(
    make: Make, vocab: Vocab, sampling: Sampling
) -> None:
    rng = np.random.default_rng(5)
    quick, plain = make(sampling), make(sampling)
    plain._needed = 0  # always the whole vocabulary
    for scale in (0.1, 1.0, 3.0, 10.0, 0.5):
        for _ in range(40):
            row = rng.normal(size=vocab.size).astype(np.float32) * scale
            assert quick.pick(row).token == plain.pick(row).token


def test_a_window_of_all_that_was_said_ends_where_a_file_lies_about_its_context() -> None:
    everything = Sampling(penalty_window=-1, repeat_penalty=1.1, dry_window=-1, dry_multiplier=1.0)
    assert penalty_window(everything, 2**31 - 1) == dry_reach(everything, 2**31 - 1) == MOST_MEMORY
    assert penalty_window(everything, 4096) == dry_reach(everything, 4096) == 4096
