from collections.abc import Sequence

import pytest

from app.core.ids import ConversationId
from app.core.messages import Message
from app.storage import conversations, folders, messages, search, search_index
from app.storage.database import Database, Tx


def say(tx: Tx, chat: ConversationId, text: str, role: str = "user", **more: object) -> int:
    message = Message(role=role, content=text)  # type: ignore[arg-type]
    leaf = messages.active_leaf(tx, chat)
    return messages.add(tx, chat, leaf, message, **more).id  # type: ignore[arg-type]


def found(db: Database, text: str) -> list[str]:
    """The texts of all hits, in no order."""

    def job(tx: Tx) -> list[str]:
        hits = [hit for group in search.search(tx, text).groups for hit in group.hits]
        return sorted(messages.get(tx, hit.message_id).message.text for hit in hits)

    return db.read(job).result()


def fill(db: Database, texts: Sequence[str]) -> None:
    def job(tx: Tx) -> None:
        for text in texts:
            say(tx, conversations.create(tx).id, text)

    db.write(job).result()


# Each class: texts, then what is typed and which of the texts must come, no more and no fewer.
CLASSES: dict[str, tuple[list[str], dict[str, list[int]]]] = {
    "words": (
        ["the cat sat", "concatenate strings", "cats and dogs", "a CAT"],
        {"cat ": [0, 3], "sat cat ": [0], "dogs ": [2], "cat": [0, 2, 3], "ca": [0, 2, 3]},
    ),
    "phrases": (
        ["new york city", "york is new", "the new New York Times"],
        {'"new york"': [0, 2], "new york ": [0, 1, 2], '"york new"': [], '"is new': [1]},
    ),
    "accents and case": (
        ["Café Ångström", "CAFE", "naïve façade", "Straße", "Ёлка", "İstanbul", "Łódź", "caf"],
        {
            "cafe ": [0, 1],
            "CAFÉ ": [0, 1],
            "angstrom ": [0],
            "cafe\u0301 ": [0, 1],
            "strasse ": [3],
            "елка ": [4],
            "istanbul ": [5],
            "lodz ": [6],
        },
    ),
    "chinese": (
        ["今天天气很好", "明天的天空", "气象学", "他说：天气不错。", "天 气"],
        {"天气": [0, 3], "今天天气": [0], "天空": [1], "天": [0, 1, 3, 4], "好": [0], "学气": []},
    ),
    "japanese": (
        ["東京都に住んでいます", "京都へ行く", "カタカナ", "ｶﾀｶﾅ", "ガス"],
        {"京都": [0, 1], "東京": [0], "カタカナ": [2, 3], "ｶﾞｽ": [4], "住んで": [0], "カス": []},
    ),
    "korean": (
        ["한국어를 배워요", "한국 사람", "국어 시간"],
        {"한국어 배워": [0], "한국": [0, 1], "국어": [0, 2], "어한": []},
    ),
    "thai": (
        ["ภาษาไทยง่าย", "ประเทศไทยสวย", "ภาษาอังกฤษ", "ที่นี่"],
        {"ภาษา": [0, 2], "ไทย": [0, 1], "ภาษาไทย": [0], "นี่": [3], "ไทยภาษา": []},
    ),
    "spaced scripts with marks": (
        ["हिन्दी में लिखो", "हिन्दू", "مُحَمَّد هنا", "أحمد", "שָׁלוֹם"],
        {"हिन्दी ": [0], "محمد ": [2], "احمد ": [3], "שלום ": [4]},
    ),
    "code": (
        [
            "call getUserName() now",
            "max_tokens=5",
            "max tokens",
            "import os.path",
            "HTTPServer error",
            "use C++ here",
            "vitamin C here",
            "self.__init__()",
            "please init",
            "Qwen2.5-7B-Instruct",
            "C# too",
        ],
        {
            "getUserName ": [0],
            "getusername ": [0],
            "user ": [0],
            "max_tokens ": [1],
            "tokens ": [1, 2],
            "os.path ": [3],
            "server ": [4],
            "c++ ": [5],
            "c ": [5, 6, 10],
            "C# ": [10],
            "__init__ ": [7],
            "init ": [7, 8],
            "qwen2.5 ": [9],
            "qwen ": [9],
            "7b": [9],
            "getUser": [0],
        },
    ),
    "emoji": (["party 🎉 time", "party"], {"🎉": [0], "party 🎉": [0]}),
}


@pytest.mark.parametrize("name", CLASSES)
def test_recall_and_precision(db: Database, name: str) -> None:
    texts, queries = CLASSES[name]
    fill(db, texts)
    got = {typed: found(db, typed) for typed in queries}
    assert got == {typed: sorted(texts[i] for i in want) for typed, want in queries.items()}


HOSTILE = ['"', "'", "NEAR(", "a AND", "-", "col:x", "*", "a*b", "()", "^a", "{", 'x"y"z', "OR"]
HOSTILE += ["", " ", "\0", "\ud800", "text:cat", "a NOT b", "+", "rank:1", '""', "in:", "before:x"]


@pytest.mark.parametrize("typed", HOSTILE)
def test_typed_text_is_never_syntax(db: Database, typed: str) -> None:
    fill(db, ["cat col:x a AND b"])
    found(db, typed)
    found(db, f"cat {typed}")
    assert found(db, '"a AND b" ') == ["cat col:x a AND b"]


def test_filters(db: Database) -> None:
    def job(tx: Tx) -> None:
        outer = folders.create(tx, "My Work")
        inner = folders.create(tx, "Deep", outer.id)
        inside = conversations.create(tx, folder_id=inner.id).id
        outside = conversations.create(tx).id
        say(tx, inside, "apple inside", created_ms=1_767_225_600_000)  # 2026-01-01
        say(tx, inside, "apple reply", "assistant", model="Qwen3-4B")
        say(tx, outside, "apple outside", created_ms=1_735_689_600_000)  # 2025-01-01

    db.write(job).result()
    assert found(db, 'apple in:"my work"') == ["apple inside", "apple reply"]
    assert found(db, "apple in:nowhere") == []
    assert found(db, "apple role:assistant") == ["apple reply"]
    assert found(db, "model:qwen3 apple") == ["apple reply"]
    assert found(db, "apple before:2025-06") == ["apple outside"]
    assert found(db, "apple after:2025-06-01 before:2026-02") == ["apple inside"]


def test_a_filter_that_makes_no_sense_is_words(db: Database) -> None:
    fill(db, ["before:yesterday it rained"])
    assert found(db, "before:yesterday") == ["before:yesterday it rained"]


def test_filters_alone_list_conversations(db: Database) -> None:
    def job(tx: Tx) -> list[str]:
        work = folders.create(tx, "Work")
        conversations.create(tx, "a", folder_id=work.id)
        conversations.create(tx, "b")
        return [group.title for group in search.search(tx, "in:work").groups]

    assert db.write(job).result() == ["a"]


def test_hits_are_grouped_with_marked_snippets(db: Database) -> None:
    def job(tx: Tx) -> search.Results:
        chat = conversations.create(tx, "About café culture").id
        for number in range(5):
            say(tx, chat, f"{'padding ' * 400}the Café number {number} is open {'z ' * 300}")
        return search.search(tx, "cafe ")

    (group,) = db.write(job).result().groups
    assert (len(group.hits), group.total) == (3, 5)
    assert [group.title[a:b] for a, b in group.title_marks] == ["café"]
    for hit in group.hits:
        assert [hit.snippet.text[a:b] for a, b in hit.snippet.marks] == ["Café"]
        assert len(hit.snippet.text) < 300


def test_marks_cover_whole_phrases_of_unspaced_scripts(db: Database) -> None:
    def job(tx: Tx) -> search.Results:
        say(tx, conversations.create(tx).id, "😀 他说今天天气不错")
        return search.search(tx, "今天天气")

    snippet = db.write(job).result().groups[0].hits[0].snippet
    assert [snippet.text[a:b] for a, b in snippet.marks] == ["今天天气"]


def test_titles_are_found_and_come_first(db: Database) -> None:
    def job(tx: Tx) -> list[str]:
        say(tx, conversations.create(tx, "Other").id, "kubernetes")
        conversations.create(tx, "Kubernetes notes")
        return [group.title for group in search.search(tx, "kubernetes").groups]

    assert db.write(job).result() == ["Kubernetes notes", "Other"]


def test_newer_comes_first_among_equals(db: Database) -> None:
    def job(tx: Tx) -> list[str]:
        now = conversations.now_ms()
        for title, age_days in (("new", 1), ("old", 900)):
            chat = conversations.create(tx, title).id
            say(tx, chat, "zebra", created_ms=now - age_days * 86_400_000)
        return [group.title for group in search.search(tx, "zebra").groups]

    assert db.write(job).result() == ["new", "old"]


def test_trash_is_not_found_and_comes_back_with_undo(db: Database) -> None:
    fill(db, ["unique"])
    db.write(lambda tx: conversations.trash(tx, ConversationId(1))).result()
    assert found(db, "unique") == []
    db.write(lambda tx: conversations.restore(tx, ConversationId(1))).result()
    assert found(db, "unique") == ["unique"]


def test_the_index_follows_every_change(db: Database) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.create(tx, "first title").id
        question = say(tx, chat, "question")
        reply = messages.start_reply(tx, chat, question)  # type: ignore[arg-type]
        messages.save_partial(tx, reply.id, "partialword")
        assert search.search(tx, "partialword").groups == ()
        messages.finish_reply(tx, reply.id, "finalword")
        assert len(search.search(tx, "finalword").groups) == 1
        conversations.rename(tx, chat, "second")
        assert search.search(tx, "first ").groups == ()
        messages.delete(tx, reply.id)
        assert search.search(tx, "finalword").groups == ()
        conversations.purge(tx, chat)
        assert search.search(tx, "question").groups == ()
        assert search_index.is_sound(tx)

    db.write(job).result()


@pytest.mark.parametrize("index", ["message_fts", "conversation_fts"])
def test_a_wrong_index_is_noticed_and_rebuilt(db: Database, index: str) -> None:
    fill(db, ["cat", "dog"])
    column = "text" if index == "message_fts" else "title"

    def damage(tx: Tx) -> None:
        assert search_index.is_sound(tx)
        tx.run(f"INSERT INTO {index}(rowid, {column}) VALUES (1, 'stray')")

    db.write(damage).result()
    assert db.write(lambda tx: tx.value("PRAGMA integrity_check")).result() == "ok"  # blind to it
    assert not db.write(search_index.is_sound).result()
    db.write(search_index.rebuild).result()
    assert db.write(search_index.is_sound).result()


def test_other_tokenizer_rules_rebuild_the_index_at_open(db: Database) -> None:
    fill(db, ["cat"])

    def age(tx: Tx) -> None:
        tx.run("UPDATE meta SET value = 'older' WHERE key = 'tokenizer'")
        tx.run("INSERT INTO message_fts(message_fts) VALUES ('delete-all')")

    db.write(age).result()
    assert found(db, "cat") == []
    db.close()
    again = Database(db.path)
    assert found(again, "cat") == ["cat"]
    again.close()


def test_find_in_one_chat_and_recall(db: Database) -> None:
    def job(tx: Tx) -> None:
        chat, other = conversations.create(tx).id, conversations.create(tx).id
        ids = [say(tx, chat, text) for text in ("the port is 8443", "hello", "which port?")]
        say(tx, other, "port elsewhere")
        assert search.find_in(tx, chat, "port") == [ids[0], ids[2]]
        recalled = search.recall(tx, chat, "what was the port number 8443 again")
        assert recalled[0][0] == ids[0]
        assert {id_ for id_, _ in recalled} == {ids[0], ids[2]}
        assert search.recall(tx, chat, "...") == []

    db.write(job).result()


def test_recall_in_a_large_database_goes_by_the_telling_words(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_LARGE", 0)

    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        for number in range(600):
            say(tx, chat, f"common words {number}")
        zebra = say(tx, chat, "common zebra")
        assert [id_ for id_, _ in search.recall(tx, chat, "the common zebra words")] == [zebra]
        assert len(search.recall(tx, chat, "common words", limit=5)) == 5

    db.write(job).result()


def test_recall_finds_other_forms_of_a_word(db: Database) -> None:
    def job(tx: Tx) -> list[int]:
        chat = conversations.create(tx).id
        wanted = say(tx, chat, "we deploy on Fridays")
        say(tx, chat, "nothing of it")
        return [id_ - wanted for id_, _ in search.recall(tx, chat, "our deployments?")]

    assert db.write(job).result() == [0]
