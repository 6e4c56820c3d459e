"""Markdown for tests: a strategy that writes documents, and examples of each construct."""

# ruff: noqa: E501

from hypothesis import strategies as st

WORDS = ["word", "naïve", "天气", "שלום", "😀", "a_b", "2*3", "1.", "C++", "e.g.", "&amp;", "~"]

EXAMPLES: dict[str, str] = {
    "emphasis": "plain *italic* **bold** ***both*** ~~gone~~ `code` **bold *and italic* end**",
    "nested list": "- one\n  - two\n    1. three\n    2. four\n\n       more of four\n- five",
    "loose list": "1. one\n\n   still one\n\n2. two",
    "task list": "- [ ] open\n- [x] done\n- [X] also done\n  - [ ] inner",
    "empty items": "- \n- x\n-\n",
    "list start": "7. seven\n8. eight\n\n3) three",
    "quote": "> one\n> two\n>\n> > inner\n>\n> - item\n\nafter",
    "code in a list": "- see\n\n  ```py\n  x = 1\n  ```\n\n- next",
    "table": "| a | b | c |\n|:--|:-:|--:|\n| 1 | `2` | **3** |\n| only one |\n| x \\| y | | z |",
    "wide table": "|"
    + "|".join(f"h{n}" for n in range(30))
    + "|\n"
    + "|-" * 30
    + "|\n"
    + "|v" * 30
    + "|",
    "footnotes": "Text[^1] and[^long].\n\n[^1]: The note.\n[^long]: Another\n\n    with two paragraphs.",
    "reference links": "[one][a] and [b]\n\n[a]: https://a.example\n[b]: https://b.example 'title'",
    "bare address": "see https://example.com/a_(b). And (http://x.y/z), ok",
    "autolink": "<https://example.com/?q=1&r=2> <mailto:a@b.c>",
    "setext": "Title\n=====\n\nSecond\n---\n\ntext",
    "headings": "# one\n## two\n### three\n#### four\n##### five\n###### six\n####### not one",
    "rules": "a\n\n---\n\nb\n\n***\n",
    "hard breaks": "one  \ntwo\\\nthree\nsoft",
    "html": "<b>bold</b> <script>alert(1)</script>\n\n<div>\n\n*text*\n\n</div>",
    "entities": "&lt;tag&gt; &copy; &#x41; &unknown;",
    "escapes": "\\*not italic\\* \\# \\[x\\] 1\\. \\$5",
    "inline math": r"$a+b$ and \(c\) and $$d$$ and \[e\], but $5 and $6 stay",
    "block math": "$$\n\\frac{1}{2}\n$$\n\n\\[\nx\n\\]\n\n\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}",
    "open math": "$$\nnever closed\n\nparagraph",
    "fences": "```python\nprint(1)\n```\n\n~~~\nno language ``` here\n~~~\n\n````md\n```\ninner\n```\n````",
    "open fence": "```rust\nfn main() {\n    // never closed",
    "indented code": "    x = 1\n    y = 2\n\ntext",
    "images": "![alt text](https://example.com/a.png) ![](local.png) [![badge](b)](https://c.d)",
    "rtl": "# שלום עולם\n\n- פריט אחד\n- פריט שני\n\n> ציטוט\n\nمرحبا بالعالم",
    "cjk": "# 天気予報\n\n今日は**晴れ**です。\n\n- 一つ\n- 二つ",
    "links not opened": "[a](javascript:alert(1)) [b](file:///etc/passwd) [c](data:text/html,x) [d](rel.md)",
    "mixed": "1. **Bold**: text\n   ```\n   code\n   ```\n2. | a |\n   |---|\n   | b |\n\n> > ```\n> > q\n> > ```",
}

_inline = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from(WORDS).map(lambda w: f"**{w}**"),
        st.sampled_from(WORDS).map(lambda w: f"*{w}*"),
        st.sampled_from(WORDS).map(lambda w: f"`{w}`"),
        st.sampled_from(["$x^2$", r"\(y\)", "$$z$$", "[link](https://a.b/c)", "~~old~~", "$5"]),
    ),
    min_size=1,
    max_size=6,
).map(" ".join)

_block = st.one_of(
    _inline,
    st.tuples(_inline, _inline).map("\n".join),
    st.tuples(st.integers(1, 6), _inline).map(lambda t: f"{'#' * t[0]} {t[1]}"),
    st.lists(_inline, min_size=1, max_size=4).map(lambda items: "\n".join(f"- {i}" for i in items)),
    st.lists(_inline, min_size=1, max_size=4).map(
        lambda items: "\n".join(f"{n}. {i}" for n, i in enumerate(items, 1))
    ),
    st.lists(_inline, min_size=1, max_size=3).map(lambda items: "\n".join(f"> {i}" for i in items)),
    st.tuples(st.sampled_from(["", "py", "json"]), _inline).map(
        lambda t: f"```{t[0]}\n{t[1]}\n\n{t[1]}\n```"
    ),
    st.lists(_inline, min_size=1, max_size=3).map(
        lambda rows: (
            "| a | b |\n|---|:-:|\n" + "\n".join(f"| {r.replace('|', '')} | x |" for r in rows)
        )
    ),
    st.sampled_from(
        [
            "$$\nx\n$$",
            "\\[\ny\n\\]",
            "---",
            "Setext\n===",
            "    indented",
            "- a\n\n  b\n- c",
            "<div>",
        ]
    ),
)
documents = st.lists(_block, min_size=1, max_size=7).map("\n\n".join)
