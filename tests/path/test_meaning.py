"""Search by meaning from a file that appears to a chat that is found, with a real embedder."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs
import pytest
from pytestqt.qtbot import QtBot

from app.bootstrap.rooms import Rooms, open_rooms
from app.bootstrap.window import open_window
from app.chat.events import ReplyFinished
from app.chat.finding import Finding
from app.cli.main import main
from app.core.messages import Message
from app.core.paths import find_folders
from app.core.protocol import EMBEDDER
from app.storage import conversations, embeddings, messages
from app.storage.database import Database, Tx
from app.storage.embeddings import Standing
from app.storage.search import Results
from app.ui.settings.meaning import MeaningPanel
from app.ui.settings.page import SettingsPage
from scripts.hub_stand_in import StandIn
from tests.path.test_roles import settings, with_models, worker

MADE = platformdirs.user_cache_path("llama-chat", appauthor=False) / "models"
POND = "The garden has tall trees and a small pond."


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "user")
    with StandIn().serving() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


@pytest.fixture
def prepare(model_of: Callable[[str], Path]) -> Callable[[], Path]:
    """What `scripts/run.py` does beside the window, with a tiny model."""

    def put() -> Path:
        target = find_folders().embedder
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        shutil.copy(model_of("embed"), part)
        return part.replace(target)

    return put


def tell(db: Database, **chats: str) -> None:
    def job(tx: Tx) -> None:
        for title, said in chats.items():
            chat = conversations.create(tx, title.replace("_", " ")).id
            messages.add(tx, chat, None, Message(role="user", content=said))

    db.write(job).result()


def embedded(rooms: Rooms) -> Standing:
    rooms.meaning.catch_up()
    rooms.meaning._thread.submit(lambda: None).result(120)
    standing = rooms.meaning.standing()
    assert standing is not None
    return standing.result()


def find(rooms: Rooms, text: str) -> Results:
    finding = Finding(rooms.db, rooms.meaning.senses)
    return finding.by_meaning(text).result(60) or finding.by_words(text).result(60)


def until(qtbot: QtBot, true, timeout: int = 30_000) -> None:
    qtbot.waitUntil(lambda: bool(true()), timeout=timeout)


@pytest.mark.usefixtures("hub")
def test_a_model_that_is_prepared_beside_the_window_is_used_without_a_restart(
    qtbot: QtBot, prepare: Callable[[], Path]
) -> None:
    with open_window(None) as window:
        qtbot.addWidget(window)
        window.show()
        tell(window.sidebar.model._library._db, Pond=POND, Tax="Taxes are due in May.")
        window.sidebar.model.reload()
        page = window.pages.open("settings")
        assert isinstance(page, SettingsPage)
        page.show_section("models")
        until(qtbot, lambda: "meaning" in page.panels)  # one at a time, then filled
        panel = page.panels["meaning"]
        assert isinstance(panel, MeaningPanel)
        until(qtbot, lambda: "by words alone" in panel.said.text())
        until(qtbot, panel.get.isVisible)
        prepare()
        until(qtbot, lambda: panel.said.text() == "All 2 messages can be found by meaning.")
        assert not panel.get.isVisible()
        box = page.rows["models.embedder"].control.box
        box.fill()
        names = [box.itemText(at) for at in range(box.count())]
        assert names[1:] == ["None: by words alone", "all MiniLM L6 v2 Q8_0"]
        window.sidebar.search.setText("garden tall trees pond zebra")
        titles = window.sidebar.model
        until(qtbot, lambda: titles.rowCount() and titles.data(titles.index(0)) == "Pond")
        window.close()


@pytest.mark.usefixtures("hub")
def test_the_embedder_is_not_loaded_before_the_window_can_be_used(
    qtbot: QtBot, prepare: Callable[[], Path]
) -> None:
    prepare()
    find_folders().create()
    db = Database(find_folders().database)
    tell(db, Pond=POND)
    db.close()
    with open_window(None) as window:
        qtbot.addWidget(window)
        window.show()
        qtbot.wait(1500)
        db = window.sidebar.model._library._db
        assert db.read(embeddings.models).result() == []
        until(qtbot, lambda: db.read(embeddings.models).result())
        window.close()


def test_the_settings_and_the_file_decide_whose_vectors_they_are(
    prepare: Callable[[], Path],
    model_of: Callable[[str], Path],
    tmp_path: Path,
    home: Path,
    expect_log: Callable[[str], None],
) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(model_of("embed").read_bytes() + bytes(64))  # another file
    prepared = prepare()
    settings(home)
    with open_rooms(lambda _: None) as rooms:
        tell(rooms.db, Pond=POND)
        assert embedded(rooms) == Standing(1, 1)
        assert worker(rooms, EMBEDDER).model == str(prepared)
        first = rooms.embedder.name()

        def choose(name: str) -> str:
            rooms.settings.change(lambda old: with_models(old, embedder=name))
            return rooms.embedder.name()

        assert choose("none") == ""
        assert rooms.meaning.standing() is None
        second = choose(str(other))
        assert second not in ("", first)
        assert embedded(rooms) == Standing(1, 1)
        assert worker(rooms, EMBEDDER).model == str(other)
        assert rooms.db.read(embeddings.models).result() == [second]
        moved = prepared.with_name("moved.gguf")
        moved.write_bytes(prepared.read_bytes())
        assert choose(str(moved)) == first  # what is in it counts, not where it lies
        expect_log("The embedder of the settings was not found.")
        assert choose(str(tmp_path / "gone.gguf")) == ""
        assert "was not found" in rooms.embedder.problem


def test_a_model_that_loads_for_a_chat_goes_first(tiny_model: Path, home: Path) -> None:
    settings(home)
    with open_rooms(lambda _: None) as rooms:
        is_quiet = rooms.meaning._is_quiet
        assert is_quiet(0.0)
        loading = rooms.load(tiny_model)
        assert not is_quiet(0.0)
        loading.result(30)
        assert is_quiet(5.0)


def test_nothing_of_a_temporary_chat_is_embedded(
    prepare: Callable[[], Path], tiny_model: Path, home: Path
) -> None:
    prepare()
    settings(home)
    ended = threading.Event()
    with open_rooms(
        lambda event: ended.set() if isinstance(event, ReplyFinished) else None, max_tokens=4
    ) as rooms:
        rooms.load(tiny_model).result(30)
        rooms.temporary.turns.start("A secret about the pond").result()
        assert ended.wait(30)
        rooms.temporary.meaning._thread.submit(lambda: None).result(30)
        assert rooms.temporary.db.read(embeddings.models).result() == []
        assert embedded(rooms) == Standing(0, 0)
        assert rooms.db.read(embeddings.models).result() == []


def test_the_command_line_finds_by_meaning_too(
    prepare: Callable[[], Path], capfd: pytest.CaptureFixture[str], home: Path
) -> None:
    settings(home)
    find_folders().create()
    db = Database(find_folders().database)
    tell(db, Pond=POND, Tax="Taxes are due in May.")
    db.close()
    asked = ["chats", "search", "garden", "tall", "trees", "pond", "zebra"]
    prepare()
    assert main(asked) == 1  # nothing has a vector yet
    with open_rooms(lambda _: None) as rooms:
        assert embedded(rooms) == Standing(2, 2)
    capfd.readouterr()
    assert main(asked) == 0
    said = capfd.readouterr().out.splitlines()
    assert said[0].endswith("Pond")
    assert said[1] == f"      ≈ user: {POND}"
    find_folders().embedder.unlink()
    assert main(asked) == 1


# ---------------------------------------------------------------- what it really understands

CHATS = {
    "July": "We rented a cottage on the beach in July, and the children built castles of sand.",
    "Kitchen": "The washer of the faucet was worn out; after I replaced it the dripping stopped.",
    "Mother": "My mother turns sixty next week, so I ordered a necklace for her.",
    "Running": "I eat less sugar now and go jogging three times a week; four kilos are gone.",
    "KeyError": "The script raises a KeyError when the dictionary has no such entry.",
    "Company": "They asked me why I want to work for them and what salary I expect.",
    "Kitten": "Our kitten vomited twice; the vet prescribed antibiotics.",
    "Mousse": "Whip the cream, fold in the chocolate and chill it overnight.",
    "Pension": "How much should I put aside every month for when I stop working?",
    "Lisbon": "The airline ticket to Lisbon cost only forty euros.",
}
QUESTIONS = {
    "holiday by the sea": "July",
    "fixing a leaking tap": "Kitchen",
    "birthday present": "Mother",
    "losing weight": "Running",
    "python crash": "KeyError",
    "job interview": "Company",
    "sick cat": "Kitten",
    "dessert recipe": "Mousse",
    "saving for retirement": "Pension",
    "cheap flights": "Lisbon",
}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(
    not (MADE / "all-MiniLM-L6-v2-Q8_0.gguf").exists(),
    reason="scripts/make_embedder.py has not been run here",
)
def test_questions_that_share_no_word_find_their_chats(home: Path) -> None:
    target = find_folders().embedder
    target.parent.mkdir(parents=True)
    target.symlink_to(MADE / target.name)
    settings(home)
    with open_rooms(lambda _: None) as rooms:
        tell(rooms.db, **CHATS)
        assert embedded(rooms) == Standing(len(CHATS), len(CHATS))
        places: dict[str, int] = {}
        for question, title in QUESTIONS.items():
            titles = [group.title for group in find(rooms, question).groups]
            assert title in titles[:3], (question, titles)
            places[question] = titles.index(title) + 1
        assert sum(place == 1 for place in places.values()) >= 8, places
        foreign = find(rooms, "volcanic eruption on Iceland")
        assert len(foreign.groups) <= 2
