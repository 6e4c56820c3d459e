"""What people type to name a model of the hub."""

import pytest

from app.core.errors import InvalidRequest
from app.hub.references import Reference, Words, read_reference, read_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ggml-org/gemma-3-4b-it-GGUF", Reference("ggml-org/gemma-3-4b-it-GGUF")),
        (" a/b:Q4_K_M ", Reference("a/b", "Q4_K_M")),
        ("https://huggingface.co/a/b", Reference("a/b")),
        ("https://huggingface.co/a/b/", Reference("a/b")),
        ("https://hf.co/a/b:Q8_0", Reference("a/b", "Q8_0")),
        ("hf.co/a/b", Reference("a/b")),
        (
            "https://huggingface.co/a/b/blob/main/x/m-Q4_0.gguf?download=true",
            Reference("a/b", file="x/m-Q4_0.gguf"),
        ),
        ("https://huggingface.co/a/b/tree/v2", Reference("a/b", revision="v2")),
        ("https://huggingface.co/a/b/discussions/3", Reference("a/b")),
        ("https://example.com/a/b", None),
        ("https://huggingface.co/a", None),
        ("https://huggingface.co/../../x", None),
        ("http://[bad/a/b", None),
        ("gemma 3", None),
        ("gemma", None),
        ("a/b/c", None),
        ("../b", None),
        ("", None),
    ],
)
def test_references(text: str, expected: Reference | None) -> None:
    assert read_reference(text) == expected


def test_an_author_may_stand_anywhere() -> None:
    assert read_words("gemma @bartowski 4b") == Words("gemma 4b", "bartowski")
    assert read_words("@unsloth") == Words("", "unsloth")
    assert read_words("mail a@b.c") == Words("mail a@b.c")
    with pytest.raises(InvalidRequest, match="one @author"):
        read_words("@a @b")
