import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.chat import ledger
from app.core.errors import ErrorInfo
from app.core.messages import ImagePart, Message, TextPart, ToolCall
from app.core.protocol import Stats
from app.core.sampling import Sampling
from app.storage import conversations, documents, folders, messages, segments
from app.storage.database import Database, Tx
from app.storage.segments import LedgerEntry
from app.storage.transfer import archive, exporting
from app.storage.transfer.importing import import_file

RICH = """# Head

| a | b |
|---|---|
| 1 | ~~2~~ |

```python
print("<b>")
```

$\\frac{1}{2}$ and \\(x^2\\) cost $5 and $6.

$$\\int_0^1 x$$
"""

HOSTILE = """<script>alert(1)</script> <img src=x onerror=alert(1)>
![pixel](https://evil.example/p.png) [x](javascript:alert(1)) [y](data:text/html,<b>)
$\\text{<script>alert(2)</script>}$ $\\href{javascript:alert(3)}{x}$ $\\class{a" onload="b}{c}$

```"><script>alert(4)</script>
x
```
"""


def full(tx: Tx) -> conversations.Conversation:
    inner = folders.create(tx, "Inner", folders.create(tx, "Outer").id)
    chat = conversations.create(
        tx, "All <of> it", "m", system_prompt="be *kind*", folder_id=inner.id
    ).id
    conversations.set_sampling(tx, chat, Sampling(temperature=0.2, logit_bias={7: 1.5}))
    conversations.pin(tx, chat)
    conversations.set_draft(tx, chat, "half")
    content = (TextPart("see"), ImagePart("image/png", b"\x89PNG\x00"))
    root = messages.add(tx, chat, None, Message(role="user", content=content))
    said = messages.put(
        tx,
        chat,
        root.id,
        Message(
            role="assistant",
            content=RICH,
            reasoning="hm",
            tool_calls=(ToolCall("1", "f", '{"a": "ü"}'),),
        ),
        created_ms=5,
        status="failed",
        model="m2",
        stats=Stats(completion_tokens=9, decode_ms=1.5),
        error=ErrorInfo("worker_died", "gone", {"n": 1}),
    )
    messages.add(tx, chat, root.id, Message(role="assistant", content="other branch"))
    messages.set_active_leaf(tx, chat, said.id)
    plan = documents.Document(name="plan <b>.txt", text="All of the plan.", tokens=5)
    picture = documents.Document(name="p.png", kind="image", mime="image/png", data=b"\x89P\x00")
    documents.attach(tx, root.id, [plan, picture])
    documents.share(
        tx, root.id, messages.add(tx, chat, None, Message(role="user", content="again")).id
    )
    documents.put_excerpts(tx, root.id, [documents.Excerpt("plan <b>.txt", "a half", "All of")])
    messages.set_active_leaf(tx, chat, said.id)
    ledger = (
        LedgerEntry("number", "The port is 8443", said.id, "port is", ("The port is 80",)),
        LedgerEntry("name", "The dog is Rex", root.id, "dog is"),
    )
    first = segments.add(tx, chat, root.id, said.id, "first", ledger=ledger)
    segments.add(tx, chat, root.id, said.id, "second", supersedes=(first.id,))
    return conversations.get(tx, chat)


def test_json_comes_back_the_same(tmp_path: Path, db: Database) -> None:
    chat = db.write(full).result()
    target = tmp_path / "all.json"
    exporting.export(db, [chat.id], "json", target)
    before = db.read(lambda tx: archive.take(tx, chat.id)).result()
    assert import_file(db, target).known == 1
    db.write(lambda tx: conversations.purge(tx, chat.id)).result()
    assert import_file(db, target).added == 1
    (again,) = db.read(conversations.page).result().items
    assert db.read(lambda tx: archive.take(tx, again.id)).result() == before
    port, dog = before.segments[0].ledger
    assert (port.message_id, port.key, port.history) == (1, "port is", ("The port is 80",))
    assert (dog.message_id, dog.key) == (0, "dog is")  # a position, not an id
    plan, picture = before.documents  # once, though two messages carry them
    assert (plan.text, plan.tokens, picture.data) == ("All of the plan.", 5, b"\x89P\x00")
    assert [said.documents for said in before.messages] == [(0, 1), (), (), (0, 1)]
    assert before.messages[0].excerpts[0].text == "All of"


def test_deleted_messages_stay_behind(tmp_path: Path, db: Database) -> None:
    chat = db.write(full).result()

    def delete(tx: Tx) -> None:
        leaf = messages.active_leaf(tx, chat.id)
        assert leaf is not None
        messages.hide(tx, leaf)

    db.write(delete).result()
    target = tmp_path / "all.json"
    exporting.export(db, [chat.id], "json", target)
    (taken,) = json.loads(target.read_bytes())["conversations"]
    assert [m["message"]["content"] for m in taken["messages"]][1:] == ["other branch", "again"]
    assert "segments" not in taken
    assert import_file(db, target).known == 1


def test_many_and_all(tmp_path: Path, db: Database) -> None:
    def fill(tx: Tx) -> None:
        for number in range(5):
            chat = conversations.create(tx, f"chat/{number}").id
            messages.add(tx, chat, None, Message(role="user", content="x"))
        conversations.trash(tx, chat)

    db.write(fill).result()
    ids = db.read(exporting.all_ids).result()
    assert len(ids) == 4
    exporting.export(db, ids, "json", tmp_path / "all.json")
    assert len(json.loads((tmp_path / "all.json").read_bytes())["conversations"]) == 4
    files = exporting.export(db, ids, "markdown", tmp_path / "pages")
    assert [file.name for file in files] == [f"chat {n} {n + 1}.md" for n in range(4)]


def test_markdown_shows_the_branch(tmp_path: Path, db: Database) -> None:
    chat = db.write(full).result()
    (file,) = exporting.export(db, [chat.id], "markdown", tmp_path / "c.md")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# All <of> it\n\n## System prompt\n\nbe *kind*\n\n## You · ")
    assert RICH.strip() in text
    assert "other branch" not in text
    assert "*[Attached: plan <b>.txt]*\n\n*[Attached: p.png]*" in text


def test_html_names_what_was_attached(db: Database) -> None:
    chat = db.write(full).result()
    page = db.read(lambda tx: exporting.page(tx, chat.id, "html")[1].decode()).result()
    assert "<p><em>Attached: plan &lt;b&gt;.txt</em></p>" in page


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def html(db: Database, text: str) -> str:
    def job(tx: Tx) -> str:
        chat = conversations.create(tx, "t").id
        messages.add(tx, chat, None, Message(role="assistant", content=text))
        return exporting.page(tx, chat, "html")[1].decode()

    return db.write(job).result()


def test_html_renders_code_tables_and_formulas(db: Database) -> None:
    text = html(db, RICH)
    tags = [tag for tag, _ in Page(text).tags]
    assert {"table", "s", "math", "mfrac", "pre"} <= set(tags)
    assert tags.count("math") == 3
    assert '<span class="nb">print</span>' in text
    assert "cost $5 and $6" in text


def test_html_holds_nothing_that_acts_or_calls_home(db: Database) -> None:
    for tag, attributes in Page(html(db, HOSTILE)).tags:
        assert tag not in ("script", "iframe", "object", "link", "form", "base")
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            address = attributes.get(name) or ""
            assert not address.startswith(("javascript:", "data:text"))
            assert tag == "a" or not address.startswith("http")


def test_control_the_formula_converter_itself_lets_tags_through() -> None:
    from latex2mathml.converter import convert

    assert "<script>" in convert("\\text{<script>}")


def test_html_is_well_formed_where_formulas_are(db: Database) -> None:
    text = html(db, "$a<b \\text{&amp; <i>}$")
    start, end = text.index("<math"), text.index("</math>") + len("</math>")
    ET.fromstring(text[start:end])


@pytest.mark.parametrize("tex", ["\\frac{", "{" * 1500, "\\begin{matrix}", "x" * 5000])
def test_a_formula_that_cannot_be_drawn_shows_its_tex(db: Database, tex: str) -> None:
    assert f"<code>{tex}</code>" in html(db, f"${tex}$")


def test_importing_a_chat_brings_it_back_from_the_trash(tmp_path: Path, db: Database) -> None:
    chat = db.write(full).result()
    target = tmp_path / "all.json"
    exporting.export(db, [chat.id], "json", target)
    db.write(lambda tx: conversations.trash(tx, chat.id)).result()
    assert import_file(db, target).added == 1
    assert db.read(lambda tx: conversations.get(tx, chat.id).trashed_ms).result() is None


def test_facts_of_a_file_from_before_they_had_keys_stay_apart(tmp_path: Path, db: Database) -> None:
    chat = db.write(full).result()
    target = tmp_path / "all.json"
    exporting.export(db, [chat.id], "json", target)
    raw = json.loads(target.read_bytes())
    for entry in raw["conversations"][0]["segments"][0]["ledger"]:
        del entry["key"]
    target.write_text(json.dumps(raw))
    db.write(lambda tx: conversations.purge(tx, chat.id)).result()
    import_file(db, target)
    (again,) = db.read(conversations.page).result().items
    kept = db.read(lambda tx: segments.history(tx, again.id)[0].ledger).result()
    assert [fact.text for fact in ledger.merge((), kept)] == ["The port is 8443", "The dog is Rex"]
