"""File names from the network: what is refused, and that nothing escapes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import HubError
from app.hub.safe_path import is_safe, place

HOSTILE = [
    "", ".", "..", "/", "//", "\\", "~", "a/", "/a", "a//b", "./a", "a/.", "a/..", "../a",
    "../../a",
    "a/../b", "a/../../b", "/etc/passwd", "\\\\host\\share", "\\windows", "C:", "C:a", "C:/a",
    "C:\\a", "c:\\..\\a", "a\\b", "a\\..\\b", "..\\a", "a/..\\b", "file:///a", "//host/share",
    "con", "CON", "nul", "NUL.gguf", "aux.txt", "prn", "com1", "COM9.gguf", "lpt1.x", "CONIN$",
    "a/nul", "a/con.gguf", "a.", "a ", "a /b", "a./b", " a", ".hidden", ".ssh/keys", "a/.git/x",
    "...", "a...b", "a\0b", "a\nb", "a\rb", "a\tb", "a\x1b[31m", "a:b", "a:stream", "a*b", "a?b",
    'a"b', "a<b", "a>b", "a|b", "%2e%2e/a", "a%00b", "$HOME/a", "`a`", "a;b", "a&b", "a'b",
    "\u202egguf", "a\u202eb", "\u2215etc", "\uff0e\uff0e/a", "-rf", "x" * 250, "a/" * 7 + "a",
    "\ud800", "a\u2028b", "aux", "Nul ", "com\u00b9",
]  # fmt: skip

GOOD = [
    "gemma-3-4b-it-Q4_K_M.gguf",
    "Q4_K_M/model-00001-of-00003.gguf",
    "a (1).gguf",
    "Llama-3.2-1B+x@v1=2,3.gguf",
    "_x/[v1]/y",
    "console.gguf",
    "nullable.gguf",
]


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) >= 60


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(HubError, match="refused"):
        place(tmp_path, name)
    with pytest.raises(HubError, match="refused"):
        place(tmp_path, "owner/repo", name)


@pytest.mark.parametrize("name", GOOD)
def test_ordinary_names_are_placed(tmp_path: Path, name: str) -> None:
    assert place(tmp_path, "owner/repo", name) == tmp_path / "owner" / "repo" / name


@settings(max_examples=50, deadline=None)
@given(st.text("ab./\\: ~-", max_size=40))
def test_whatever_is_safe_stays_inside(name: str) -> None:
    root = Path("/models")
    if is_safe(name):
        path = place(root, name)
        assert path.is_relative_to(root)
        assert path != root
        assert ".." not in path.parts
