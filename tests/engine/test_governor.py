"""The thread governor against machines that are only arithmetic."""

from collections.abc import Callable

from app.engine.governor import Governor


def run(governor: Governor, cost: Callable[[int], float], steps: int, tokens: int = 1) -> float:
    """Seconds a step takes on average."""
    total = 0.0
    for _ in range(steps):
        seconds = cost(governor.threads(tokens))
        governor.observe(tokens, seconds)
        total += seconds
    return total / steps


def quiet(threads: int) -> float:
    return 0.04 / threads


def busy(threads: int) -> float:
    """Another program holds one of two cores: the second thread waits for its turn."""
    return 0.04 if threads == 1 else 0.15


def test_a_quiet_machine_gets_nearly_all_threads() -> None:
    assert run(Governor(2), quiet, 480) < 1.06 * quiet(2)


def test_a_busy_core_is_noticed_and_forgotten_again() -> None:
    governor = Governor(2)
    run(governor, quiet, 48)
    run(governor, busy, 48)
    assert run(governor, busy, 240) < 1.2 * busy(1)
    run(governor, quiet, 96)
    assert run(governor, quiet, 240) < 1.1 * quiet(2)


def test_a_hiccup_does_not_cost_the_steps_after_it() -> None:
    """Three slow steps in a reply, as when caches are cold, are not a busy core."""
    governor, total = Governor(2), 0.0
    run(governor, quiet, 60)
    for step in range(120):
        slow = step % 40 == 5
        seconds = quiet(governor.threads(1)) + (0.2 if slow else 0)
        governor.observe(1, seconds)
        total += seconds - (0.2 if slow else 0)
    assert total / 120 < 1.06 * quiet(2)


def test_a_wrong_choice_is_soon_taken_back() -> None:
    governor = Governor(2)
    run(governor, quiet, 60)
    run(governor, busy, 2)
    assert governor.threads(1) == 1
    governor.observe(1, quiet(1))
    assert run(governor, quiet, 48) < 1.15 * quiet(2)


def test_a_quiet_machine_is_hardly_ever_probed() -> None:
    governor = Governor(2)
    run(governor, quiet, 400)
    assert run(governor, quiet, 960) < 1.015 * quiet(2)


def test_a_pause_makes_it_try_the_whole_budget() -> None:
    now = 0.0
    governor = Governor(4, lambda: now)
    run(governor, lambda threads: 0.04 if threads == 1 else 0.2 * threads, 100)
    assert governor.threads(1) < 4
    now += 2
    governor.observe(16, busy(governor.threads(16)))  # a prompt: not the step that would tell
    assert governor.threads(1) == 4
    governor.observe(1, quiet(4))
    assert run(governor, quiet, 24) < 1.2 * quiet(4)


def test_a_lost_core_is_noticed_before_the_next_probe_is_due() -> None:
    governor = Governor(2)
    run(governor, quiet, 480)
    assert run(governor, busy, 40) < 2 * busy(1)


def test_no_probe_makes_a_prompt_beside_replies_slow() -> None:
    governor = Governor(2)
    for _ in range(200):
        assert governor.threads(9, mixed=True) == 2
        governor.observe(9, 9 * quiet(2))


def test_the_budget_is_never_exceeded() -> None:
    governor = Governor(3)
    used = {governor.threads(1) for _ in range(200)}
    assert used <= {1, 2, 3}
    assert Governor(1).threads(1) == 1


def test_prefill_takes_the_whole_budget() -> None:
    governor = Governor(4)
    run(governor, busy, 100)
    assert governor.threads(512) == 4


def test_steps_of_other_sizes_are_not_compared() -> None:
    """A big step is slower than a small one, whatever the threads."""
    governor = Governor(2)
    for index in range(400):
        tokens = 1 if index % 2 else 16
        governor.observe(tokens, quiet(governor.threads(tokens)) * tokens)
    assert run(governor, quiet, 240) < 1.06 * quiet(2)
