"""The scorer counts a value only where it stands whole."""

import pytest

from scripts.starter.foreign import DECLINED
from scripts.starter.scoring import fault, holds
from scripts.starter.told import UNKNOWN


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Your PIN is 4200.", "4200"),
        ("Your thesis is in `~/uni/draft-v3.md`.", "~/uni/draft-v3.md"),
        ("- A. Dog: Juniper", "juniper"),
        ("On 14 March, at noon", "14 March"),
        ("It is 12,400 euros.", "12,400"),
        (r"In C:\Ledger\x.xlsx", r"C:\Ledger\x.xlsx"),
        ("Called plum-otter-58!", "plum-otter-58"),
    ],
)
def test_a_whole_value_counts(text: str, value: str) -> None:
    assert holds(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Your PIN is 42000.", "4200"),
        ("Your PIN is 14200.", "4200"),
        ("It is 12,400.", "400"),
        ("It is 12,400.", "12"),
        ("It is 3.50.", "50"),
        ("In ~/uni/draft-v3.md", "~/uni/draft"),
        ("In ~/uni/draft-v3.md", "draft"),
        ("On 114 March", "14 March"),
        ("plum-otter-58", "otter"),
        ("Junipers", "Juniper"),
    ],
)
def test_a_part_of_a_longer_value_does_not(text: str, value: str) -> None:
    assert not holds(text, value)


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        ("Press **Ctrl++** for larger text", {"has": ["Ctrl++"]}),
        ("Your PIN is 9028.", {"has": ["9028"], "lacks": ["4471"]}),
        (DECLINED, {"fallback": True}),
        (UNKNOWN, {"absent": True}),
        ("You are welcome!", {"guide": True}),
        ("Hamster", {"title": ["hamster"]}),
        (
            '<tool_call>{"name": "calculator", "arguments": {"expression": "2 * 3"}}</tool_call>',
            {"call": ["calculator", "2 * 3"]},
        ),
        (
            '<tool_call>{"name": "current_time", "arguments": {}}</tool_call>',
            {"call": ["current_time", ""]},
        ),
    ],
)
def test_a_right_reply_has_no_fault(reply: str, wanted: dict[str, object]) -> None:
    assert fault(reply, wanted) == ""


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        ("Your PIN is 44710.", {"has": ["4471"]}),
        ("It was 4471, now 9028.", {"has": ["9028"], "lacks": ["4471"]}),
        ("Michelangelo.", {"fallback": True}),
        ("Your PIN is 1.", {"absent": True}),
        (DECLINED, {"guide": True}),
        ("Got it.\n- A. Dog: Rex", {"guide": True}),
        ("", {"title": ["hamster"]}),
        ("2 * 3 = 6", {"call": ["calculator", "2 * 3"]}),
    ],
)
def test_a_wrong_reply_has_one(reply: str, wanted: dict[str, object]) -> None:
    assert fault(reply, wanted)
