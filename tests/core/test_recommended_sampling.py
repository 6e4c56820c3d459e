import pytest

from app.core.sampling import Sampling, recommended


def test_what_the_file_recommends_stands_over_our_defaults() -> None:
    file = {
        "general.sampling.temp": "0.600000",
        "general.sampling.top_k": "20",
        "general.sampling.penalty_repeat": "1.05",
    }
    assert recommended(file.get) == Sampling(temperature=0.6, top_k=20, repeat_penalty=1.05)


@pytest.mark.parametrize("odd", ["", "nan", "inf", "-3", "1e9", "warm", "0x1"])
def test_what_is_not_sane_is_ignored(odd: str) -> None:
    assert recommended(lambda _key: odd) == Sampling()


def test_a_silent_file_gives_our_defaults() -> None:
    assert recommended(lambda _key: None) == Sampling()
