"""The empty page says who answers, and offers what that model can do."""

import pytest
from PySide6.QtCore import Qt

from app.ui.events import ModelChanged, ModelReady, NoModel
from app.ui.header.switch import choice_of
from app.ui.welcome import EXAMPLES, GUIDED
from scripts.starter import guide as lessons
from scripts.starter.patterns import as_regex
from tests.ui.header.test_header import GEMMA, INFO, post


def offered(welcome) -> list[str]:
    return [card.text_to_send for card in welcome._cards]


def test_the_guide_is_named_with_the_next_step_and_asked_what_it_knows(desk, guide):
    window = desk.window
    post(desk, ModelChanged(ModelReady(choice_of(guide), INFO)))
    assert "built-in guide" in window.welcome.status.text()
    assert "Models page" in window.welcome.status.text()
    assert window.header.model_button.text().startswith("Built-in guide")
    assert "larger" in window.header.model_button.toolTip()
    assert offered(window.welcome) == [text for _, _, text in GUIDED]
    assert window.welcome._cards[0].accessibleName() == "Look around: What can you do?"
    said: list[str] = []
    window.welcome.chosen.connect(said.append)
    desk.qtbot.mouseClick(window.welcome._cards[2], Qt.MouseButton.LeftButton)
    assert said == [GUIDED[2][2]]


def test_any_other_model_is_asked_for_more(desk, guide):
    welcome = desk.window.welcome
    post(desk, ModelChanged(ModelReady(choice_of(guide), INFO)))
    post(desk, ModelChanged(ModelReady(GEMMA, INFO)))
    assert offered(welcome) == [text for _, _, text in EXAMPLES]
    assert welcome.status.text() == "gemma 3 4b it answers, on this computer alone."
    assert "larger" not in desk.window.header.model_button.toolTip()
    post(desk, ModelChanged(NoModel()))
    assert offered(welcome) == [text for _, _, text in EXAMPLES]


@pytest.mark.parametrize("text", [text for _, _, text in GUIDED])
def test_what_is_offered_is_what_the_guide_was_taught(text):
    known = [word for intent in lessons.intents() for word in intent.wordings]
    assert any(as_regex(word).fullmatch(text) for word in known)
