"""Examples of every section of CommonMark and of GitHub's extensions, written for these tests.

Each is small and odd: the corners of the grammar, not its middle. `SECTIONS` names them by the
section they belong to.
"""

# ruff: noqa: E501

SECTIONS: dict[str, tuple[str, ...]] = {
    "tabs": (
        "\tcode after a tab", "  \tcode after two and a tab", "- item\n\n\tsecond paragraph",
        "> quoted\n>\t\tdeeper", "1.\tone\n2.\ttwo", "#\theading", "-\t-\t-", "\ta\n\tb",
    ),
    "escapes": (
        r"\*stars\* \_lines\_ \`ticks\`", r"\# not a heading", r"1\. not a list", r"\[not\](a link)",
        r"\<b\> stays", r"end\\ of it", r"a \\\\ b", r"\&amp; kept", r"`\*in code\*`", r"\! \" \% \' \( \)",
    ),
    "entities": (
        "&copy; 2026", "&#65;&#x42;", "&quot;said&quot;", "&ouml; umlaut", "&nope; unknown",
        "&#0; zero", "`&amp;` in code", "a &lt; b", "&nbsp;&nbsp;indented", "&hearts;&spades;",
    ),
    "precedence": (
        "- `one\n- two`", "*a `b* c`", "- ---\n- x", "> - a\n> - b\n\nc", "[a `b](c)` d", "**a [b**](c)",
    ),
    "thematic breaks": (
        "above\n\n***\n\nbelow", "above\n\n___\n\nbelow", "- - -\nbelow", "above\n***\nbelow",
        "- one\n***\n- two", "* one\n* * *\n* two", "+++ not one", "-- not one", "a\n\n _ _ _ _ _\n\nb",
    ),
    "atx headings": (
        "# one #", "## two ##   ", "### three \\###", "####### seven", "#hashtag", "#\t tabbed",
        "# *em* `code` **strong**", "#", "## \n\ntext", "para\n# heading\npara", "### with [link](u) ###",
        "   # indented three", "# a # b",
    ),
    "setext headings": (
        "one\n===", "two\n---", "two lines\nof title\n===", "*em*\n===", "a\n= =", "> quoted\n---",
        "- item\n---", "`code\n---\nmore`", "\\> escaped\n------", "title\n   ----   ", "a\n-\nb\n=",
    ),
    "indented code": (
        "    one\n    two", "    one\n\n    two\n\n\n    three", "para\n    not code", "    code\npara",
        "# h\n    code\npara\n    still", "- item\n\n      code", "        deeper\n    less", "    <b>\n    *a*",
    ),
    "fenced code": (
        "```\none\n```", "~~~\none\n~~~", "````\n```\n````", "```py\nprint(1)\n```", "``` py extra words\nx\n```",
        "```\nunclosed", "> ```\n> quoted\n\nafter", "```\n\n  \n```", "   ```\n   indented\n   ```",
        "```\na\n ```\nb", "~~~ a`b\nx\n~~~", "```\na\n    ```", "before\n```\ncode\n```\nafter", "- ```\n  in item\n  ```",
    ),
    "html": (
        "<div>block</div>", "a <b>inline</b> c", "<!-- comment --> shown", "<p\n>open", "<script>x()</script>",
        "<img src=x> text", "</closing> tag", "<a href='x'>link</a>", "<?php echo 1 ?> php", "<custom-tag>own</custom-tag>",
    ),
    "link definitions": (
        "[foo]: /url 'title'\n\n[foo]", "[foo]:\n/url\n\n[foo]", "[Foo Bar]: /u\n\n[foo bar]", "[foo]: <u r l>\n\n[foo]",
        "[a]: /x\n[b]: /y\n\n[a] [b]", "[foo]: not closed 'title\n\n[foo]", "para\n[foo]: /u\n\n[foo]",
        "# [foo]\n[foo]: /u\ntext", "[ß]: /u\n\n[ẞ]", "[later]\n\n[later]: /z",
    ),
    "paragraphs": (
        "one\ntwo\n\nthree", "  leading spaces\n    more", "one\n\n\n\ntwo", "trailing   \nbreak", "a\nb\nc\nd", "   x\n y",
    ),
    "block quotes": (
        "> one\n> two", ">one\n>two", "> lazy\ncontinuation", "> a\n\n> b", "> # heading\n> text", "> - a\n- b",
        "> > > deep", ">>> lazy\ndeep", "> ```\n> code\n> ```", ">\n> a\n>", "> a\n>\n> b", "    > code not quote",
        "> 1. one\n> 2. two", "a\n> b\nc",
    ),
    "list items": (
        "- a\n\n  b", "1. a\n\n   b", "10) ten\n11) eleven", "- \n  late start", "-\n\n  not in it", "1.\n2. two",
        "- a\n - b\n  - c\n   - d", "123456789. big", "1234567890. too big", "- # heading in it\n- b", "-one no list",
        "- a\n\n\n  b", "* a\n  > quoted\n  ***\n  after", "- - nested at once", "1. - 2. three deep", "   - indented",
        "- a\n\n      code", "0. zero", "003. padded", "-1. no list",
    ),
    "lists": (
        "- a\n- b\n+ c", "1. a\n2. b\n3) c", "- a\n\n- b\n\n\n- c", "para\n- list", "number 14. no list", "- a\n  - b\n\n    c\n  - d",
        "- a\n- ```\n  code\n\n  more\n  ```\n- c", "* a\n  > b\n  >\n* c", "1. a\n   1. b\n      1. c", "- a\n<!-- -->\n- b",
        "- foo\n\n  notcode\n\n- foo", "2. two\n1. one",
    ),
    "code spans": (
        "`one`", "`` two ` ticks ``", "` `` `", "`a  b`", "`a\nb`", "`unclosed", "``also unclosed`", "`<b>`", "*a`*`", "`\\`", "` a `",
    ),
    "emphasis": (
        "*a*", "_a_", "**a**", "__a__", "***a***", "*a **b** c*", "**a *b* c**", "a*b*c", "a_b_c", "* not *", "*a*b", "foo__bar__",
        "**a*", "*a**", "*(*a*)*", "**a\nb**", "_(a)_", "*a _b* c_", "5*6*78", "пристаням_стремятся_", "*foo [bar*](u)", "***a** b*",
        "****a****", "*", "**", "_ a _", "*天*气", "**「引用」**です",
    ),
    "links": (
        "[a](/u)", "[a](/u 'title')", "[a](<u v>)", "[a]()", "[a](u(v)w)", "[a](u \"t\\\"t\")", "[a *b* `c`](u)", "[![img](i)](u)",
        "[a] (no)", "[a][b]", "[a][]\n\n[a]: /u", "[a\nb](u)", "[[a]](u)", "[a](javascript:x)", "[a](u v)", "[a](#frag?q=1&r=2)",
        "*[a*](u)", "[a](u\n'title')", "[outer [inner](x)](y)", "[a](\\(u\\))",
    ),
    "images": (
        "![alt](/i)", "![alt *em*](/i)", "![](/i)", "![a][b]\n\n[b]: /i", "![alt](/i 'title')", "a ![b](c) d", "![x](data:image/png,y)", "\\![not](i)",
    ),
    "autolinks": (
        "<https://a.example>", "<mailto:a@b.example>", "<a@b.example>", "<not a link>", "<https://a.example/\\[>", "<irc://chan>", "<m:abc>", "< https://a.b >",
    ),
    "breaks": (
        "a  \nb", "a\\\nb", "a \nb", "a       \n     b", "*a  \nb*", "`a  \nb`", "# a  \nb", "a\\", "a  ", "a\nb",
    ),
    "text": (
        "hello $.;'there", "Foo χρῆν", "multiple     spaces", "ends with!", "1 < 2 > 0", "a & b", "Zürich – “quoted” … —", "\u00a0nbsp", "😀👩‍👩‍👧",
    ),
    "tables": (
        "| a | b |\n|---|---|\n| c | d |", "a | b\n-|-\nc | d", "| a |\n|:-:|\n| `x\\|y` |", "| a | b |\n|---|---|\n| one |\n| x | y | z |",
        "| a \\| b |\n|---|\n| c |", "| a |\n|---|\n\nafter", "| a | b |\n|---|\nnot one", "| **b** | *i* |\n|--:|:--|\n| [l](u) | ~~s~~ |",
        "| a |\n| - |\n> quoted after", "|a|b|\n|-|-|", "| 天 | ש |\n|---|---|\n| 气 | ל |", "- | a |\n  |---|\n  | b |",
    ),
    "task lists": (
        "- [ ] open\n- [x] done", "1. [ ] one\n2. [X] two", "- [ ]\n- [x]", "- [y] no", "- [ ] a\n  - [x] b", "* [ ] *em*\n+ [x] **strong**", "- [ ]no space",
    ),
    "strikethrough": ("~~gone~~", "~~a\nb~~", "a ~~b~~ c", "~~~~not~~~~", "~~*a*~~", "~one~ tilde", "~~open", "**~~both~~**"),
    "bare addresses": (
        "www.example.com is", "https://example.com/a_b", "(https://example.com/x)", "https://example.com.", "ftp://a.b/c", "a@b.example", "http://a.b/c?d=e&f=g", "https://a.b/(c)",
    ),
    "footnotes": ("a[^1]\n\n[^1]: note", "a[^x] b[^x]\n\n[^x]: twice", "a[^missing] b", "a^[inline note] b", "[^1]: unused"),
}  # fmt: skip
