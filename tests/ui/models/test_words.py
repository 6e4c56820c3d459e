"""Facts in words, and READMEs without their HTML."""

import pytest

from app.ui.models.figures import duration, many, size
from app.ui.models.readme import readable


@pytest.mark.parametrize(
    ("count", "said"),
    [(999, "1 kB"), (12_000_000, "12 MB"), (2_497_280_256, "2.5 GB"), (63_387_346_208, "63.4 GB")],
)
def test_sizes(count, said):
    assert size(count) == said


def test_counts_and_durations():
    assert [many(n) for n in (7, 1234, 456_789, 2_500_000)] == ["7", "1.2k", "457k", "2.5M"]
    assert [duration(s) for s in (0.2, 59, 61, 3700)] == ["1 s", "59 s", "1 min", "1 h 1 min"]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("---\nlicense: mit\n---\n# Hi", "# Hi"),
        ("<!-- note -->a <b>bold</b> word", "a bold word"),
        ("![chart](http://x/y.png) next", "chart next"),
        ('<a href="https://a.b/c"><b>here</b></a>', "[here](https://a.b/c)"),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ("<script>alert(1)</script>kept", "kept"),
        ("`<b>` stays", "`<b>` stays"),
        ("```html\n<b>stays</b>\n```", "```html\n<b>stays</b>\n```"),
        ("<h2>Title</h2>text", "## Title\ntext"),
        ("a < b and c > d", "a < b and c > d"),
    ],
)
def test_a_readme_is_read_as_text(raw, shown):
    assert readable(raw) == shown


def test_a_readme_never_takes_long():
    for hostile in (
        "<" * 200_000,
        "```" * 70_000,
        "<a href='" * 20_000,
        "![" * 100_000,
        "`a" * 100_000,
    ):
        readable(hostile)
