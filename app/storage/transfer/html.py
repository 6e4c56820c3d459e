"""A conversation as one HTML page that needs nothing else: no scripts, no network; pure.

Words come from models and strangers: raw HTML in them is shown, not obeyed, images become
links, and the page forbids itself every other source besides.
"""

import base64
import html
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from latex2mathml.converter import convert_to_element
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.texmath import texmath_plugin
from pygments import highlight, lexers
from pygments.formatters import HtmlFormatter
from pygments.util import ClassNotFound

from app.core.messages import ImagePart, Message
from app.storage.conversations import Conversation
from app.storage.documents import Attached
from app.storage.messages import StoredMessage

# Half typed, both.
_pygments_lexers: Any = lexers
_html_formatter: Any = HtmlFormatter

_MAX_FORMULA_CHARS = 2_000
_MAX_CODE_CHARS = 200_000
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_DANGEROUS = ("href", "src", "style", "class", "id")

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; }
body { padding: 0 1rem; }
header p, .said > p.who { opacity: .65; font-size: .85rem; }
.said { border-top: 1px solid #8884; padding: .6rem 0; overflow-wrap: anywhere; }
.user { background: #8881; padding-left: .8rem; padding-right: .8rem; border-radius: .5rem; }
pre { overflow: auto; padding: .8rem; border: 1px solid #8884; border-radius: .4rem; }
code, pre { font: .9em/1.45 ui-monospace, monospace; }
table { border-collapse: collapse; } td, th { border: 1px solid #8886; padding: .2rem .6rem; }
img { max-width: 100%; } details { opacity: .8; }
"""


def page(
    chat: Conversation, branch: Sequence[StoredMessage], attached: Sequence[Attached] = ()
) -> str:
    title = html.escape(chat.title or "Untitled chat")
    body = "\n".join(_article(stored, attached) for stored in branch)
    system = ""
    if chat.system_prompt:
        system = (
            f"<details><summary>System prompt</summary>{_markdown(chat.system_prompt)}</details>"
        )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{_STYLE}{_code_style()}</style>
</head>
<body>
<header><h1>{title}</h1><p>{html.escape(_when(chat.created_ms))}</p></header>
{system}
{body}
</body>
</html>
"""


def _article(stored: StoredMessage, attached: Sequence[Attached]) -> str:
    message = stored.message
    who = {"user": "You", "assistant": stored.model or "Assistant"}.get(message.role, message.role)
    parts = [f'<p class="who">{html.escape(who)} · {_when(stored.created_ms)}</p>']
    if message.reasoning:
        inner = _markdown(message.reasoning)
        parts.append(f"<details><summary>Reasoning</summary>{inner}</details>")
    carried = [document.name for document in attached if document.message_id == stored.id]
    parts += [f"<p><em>Attached: {html.escape(name)}</em></p>" for name in carried]
    parts += _images(message)
    parts.append(_markdown(message.text))
    for call in message.tool_calls:
        parts.append(f"<pre><code>{html.escape(f'{call.name}({call.arguments})')}</code></pre>")
    return f'<article class="said {message.role}">\n' + "\n".join(parts) + "\n</article>"


def _images(message: Message) -> list[str]:
    if isinstance(message.content, str):
        return []
    return [
        f'<img alt="" src="data:{part.mime};base64,{base64.b64encode(part.data).decode()}">'
        for part in message.content
        if isinstance(part, ImagePart) and part.mime in _IMAGES
    ]


def _when(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _markdown(text: str) -> str:
    return _parser().render(text)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "highlight": _code})
    parser.enable(["table", "strikethrough"])
    dollarmath_plugin(parser, allow_space=False, allow_digits=False, double_inline=True)
    texmath_plugin(parser, delimiters="brackets")
    for rule in ("math_inline", "math_inline_double", "math_block", "math_block_label"):
        parser.add_render_rule(rule, _formula)
    parser.add_render_rule("image", _image)
    return parser


def _image(
    _self: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    """A link: loading it would tell a stranger that the page was opened."""
    address = html.escape(str(tokens[at].attrGet("src") or ""))
    name = html.escape(tokens[at].content or "image")
    return f'<a rel="noreferrer" href="{address}">{name}</a>'


def _formula(
    _self: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    token = tokens[at]
    display = "block" if token.block or token.type == "math_inline_double" else "inline"
    tex = token.content.strip()
    plain = f"<code>{html.escape(tex)}</code>"
    if len(tex) > _MAX_FORMULA_CHARS:
        return plain
    try:
        element = convert_to_element(tex, display=display)
    except Exception:  # noqa: BLE001 - whatever the converter makes of it, we show the TeX
        return plain
    _disarm(element)
    return ET.tostring(element, encoding="unicode")


def _disarm(root: ET.Element) -> None:
    """The converter's texts hold entities of its own and whatever `\\text{}` and `\\href` held."""
    for element in root.iter():
        element.text = html.unescape(element.text or "") or None
        for name in list(element.attrib):
            if name in _DANGEROUS or name.startswith("on"):
                del element.attrib[name]


def _code(code: str, language: str, _attributes: str) -> str:
    if not language or len(code) > _MAX_CODE_CHARS:
        return ""
    try:
        lexer = _pygments_lexers.get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return highlight(code, lexer, _formatter("default"))


@cache
def _formatter(style: str) -> Any:
    return _html_formatter(nowrap=True, style=style)


@cache
def _code_style() -> str:
    light, dark = (_formatter(style).get_style_defs("pre") for style in ("default", "github-dark"))
    night = f"@media (prefers-color-scheme: dark) {{\n{dark}\n}}"
    return f"{light}\n{night}\npre {{ background: none }}\n"
