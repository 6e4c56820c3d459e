"""Which model the window begins with, and that the built-in guide takes nobody's place."""

from concurrent.futures import Future
from pathlib import Path

import pytest

from app.bootstrap.window import remember_model
from app.core.errors import InvalidRequest
from app.core.settings import GeneralSettings, ModelSettings, Settings
from app.hub.library import scan
from app.hub.places import Place
from app.ui.events import LibraryChanged, ModelChanged, ModelLoading, NoModel
from app.ui.header.switch import choice_of, choice_of_model
from app.ui.models.first import FirstModel
from tests.hub.gguf_files import write
from tests.ui.conftest import Desk

GUIDE = ("load", "Built-in guide")


class Lane:
    """Runs a job at once."""

    def submit(self, job, *args) -> "Future[Path]":
        done: Future[Path] = Future()
        try:
            done.set_result(job(*args))
        except InvalidRequest as error:
            done.set_exception(error)
        return done


def begin(desk: Desk, last: Path | str = "", named: Path | None = None, **general) -> None:
    models = ModelSettings(last=str(last))
    wanted = Settings(models=models, general=GeneralSettings(**general))
    desk.preferences.change(lambda _: wanted)
    first = FirstModel(desk.models, desk.bridge, desk.preferences)
    first.begin(named, Lane(), Path)
    desk.settle()


def see(desk: Desk, *places: tuple[Path, str]) -> None:
    post(desk, LibraryChanged(scan([Place(root, source) for root, source in places])))


def post(desk: Desk, event) -> None:
    desk.bridge.post(event)
    desk.settle()


def test_the_first_start_is_answered_by_the_guide_before_anything_is_looked_for(desk, guide):
    begin(desk)
    assert desk.models.asked == [GUIDE]


def test_without_a_guide_the_first_model_that_comes_is_loaded(desk, tmp_path):
    begin(desk)
    see(desk)
    assert desk.models.asked == []
    write(tmp_path / "models" / "tea-Q4_K_M.gguf", "tea")
    see(desk, (tmp_path / "models", "app"))
    assert desk.models.asked == [("load", "tea")]


def test_a_model_that_was_chosen_is_never_replaced_by_the_guide(desk, guide, tmp_path):
    tea = write(tmp_path / "models" / "tea-Q4_K_M.gguf", "tea")
    begin(desk, last=tea)
    assert desk.models.asked == [("load", "tea")]


def test_when_its_file_is_away_the_guide_answers_only_until_another_comes(desk, guide, tmp_path):
    begin(desk, last=tmp_path / "drive" / "tea-Q4_K_M.gguf")
    assert desk.models.asked == []
    see(desk, (guide.parent, "starter"))
    assert desk.models.asked == [GUIDE]
    post(desk, ModelChanged(ModelLoading(choice_of(guide))))
    write(tmp_path / "models" / "coffee-Q8_0.gguf", "coffee")
    see(desk, (guide.parent, "starter"), (tmp_path / "models", "app"))
    assert desk.models.asked == [GUIDE, ("load", "coffee")]


def test_nor_when_another_model_is_there(desk, guide, tmp_path):
    begin(desk, last=tmp_path / "drive" / "tea-Q4_K_M.gguf")
    write(tmp_path / "models" / "coffee-Q8_0.gguf", "coffee")
    see(desk, (guide.parent, "starter"), (tmp_path / "models", "app"))
    assert desk.models.asked == [("load", "coffee")]


def test_ones_own_model_may_have_the_name_of_the_guide(desk, guide, tmp_path):
    begin(desk, last=write(tmp_path / "models" / "starter.gguf", "tea"))
    assert desk.models.asked == [("load", "starter")]


def test_the_guide_is_not_remembered_in_the_place_of_a_model(guide, tmp_path):
    first = remember_model(Settings(), choice_of(guide))
    assert first.models.last == str(guide)
    tea = write(tmp_path / "models" / "tea-Q4_K_M.gguf", "tea")
    chosen = remember_model(first, choice_of(tea))
    assert chosen.models.last == str(tea)
    assert remember_model(chosen, choice_of(guide)) == chosen


def test_a_chosen_guide_is_found_where_the_app_lies_now(desk, guide):
    begin(desk, last="/mnt/old-app/resources/models/starter.gguf")
    assert desk.models.asked == [GUIDE]


def test_the_first_model_of_ones_own_follows_the_guide_by_itself(desk, guide, tmp_path):
    begin(desk)
    post(desk, ModelChanged(ModelLoading(choice_of(guide))))
    see(desk, (guide.parent, "starter"))
    assert desk.models.asked == [GUIDE]
    write(tmp_path / "models" / "tea-Q4_K_M.gguf", "tea")
    see(desk, (guide.parent, "starter"), (tmp_path / "models", "app"))
    assert desk.models.asked == [GUIDE, ("load", "tea")]
    write(tmp_path / "models" / "coffee-Q8_0.gguf", "coffee")
    see(desk, (tmp_path / "models", "app"))
    assert len(desk.models.asked) == 2


@pytest.mark.parametrize("state", [NoModel(), None], ids=["unloaded", "another one chosen"])
def test_what_people_chose_meanwhile_stays(desk, guide, tmp_path, state):
    tea = write(tmp_path / "models" / "tea-Q4_K_M.gguf", "tea")
    begin(desk)
    see(desk, (guide.parent, "starter"))
    post(desk, ModelChanged(state or ModelLoading(choice_of(Path("/elsewhere/milk.gguf")))))
    see(desk, (tea.parent, "app"))
    assert desk.models.asked == [GUIDE]


def test_models_that_were_there_before_wait_to_be_chosen(desk, guide, tmp_path):
    write(tmp_path / "models" / "tea-Q4_K_M.gguf", "tea")
    begin(desk)
    see(desk, (guide.parent, "starter"), (tmp_path / "models", "app"))
    see(desk, (guide.parent, "starter"), (tmp_path / "models", "app"))
    assert desk.models.asked == [GUIDE]


def test_nothing_is_loaded_where_people_want_nothing_loaded(desk, guide):
    begin(desk, last=guide, load_at_start=False)
    see(desk, (guide.parent, "starter"))
    assert desk.models.asked == []


def test_the_guide_is_listed_by_its_name_and_told_from_the_rest(guide, tmp_path):
    tea = write(tmp_path / "models" / "starter.gguf", "tea")
    found = scan([Place(tea.parent, "app"), Place(guide.parent, "starter")])
    choices = {choice.name: choice for choice in map(choice_of_model, found.of_kind("chat"))}
    assert set(choices) == {"Built-in guide", "starter"}
    assert choices["Built-in guide"].built_in
    assert choices["Built-in guide"] == choice_of(guide)
    assert not choices["starter"].built_in
    assert found.find("built-in guide").path == guide
