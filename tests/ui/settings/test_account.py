"""The account at the hub in the settings: by keys alone, and the token in no word that stays."""

from concurrent.futures import Future

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from app.core.errors import HubError, StorageError
from app.hub.account import TOKENS_URL, Account
from app.ui.settings import account
from app.ui.settings.account import AccountPanel
from app.ui.settings.page import SettingsPage

SECRET = "hf_secret"
TAB, SPACE, RETURN = Qt.Key.Key_Tab, Qt.Key.Key_Space, Qt.Key.Key_Return


class Login:
    """Stands where `HubLogin` stands: notes what was asked and answers when told to."""

    def __init__(self):
        self.account = Account()
        self.asked: list[str] = []
        self.doing: Future = Future()

    def ask(self):
        self.asked.append("who")
        told: Future[Account] = Future()
        told.set_result(self.account)
        return told

    def log_in(self, token):
        return self._begin(f"in {token}")

    def log_out(self):
        return self._begin("out")

    def _begin(self, what):
        self.asked.append(what)
        self.doing = Future()
        return self.doing


@pytest.fixture
def login():
    return Login()


@pytest.fixture
def links():
    return []


@pytest.fixture
def open_page(desk, login, links):
    """On the settings page, as it is met."""

    def open_page() -> AccountPanel:
        panels = {"account": lambda theme: AccountPanel(login, links.append)}
        desk.window.offer_page(
            "settings", "&Settings", "Ctrl+,",
            lambda theme: SettingsPage(
                desk.preferences, panels, lambda: None, lambda what: [], theme
            ),
        )  # fmt: skip
        page = desk.window.pages.open("settings")
        assert isinstance(page, SettingsPage)
        desk.window.activateWindow()
        page.search.setText("gated token login")
        until(desk, lambda: "account" in page.panels and not page._waiting)
        until(desk, lambda: login.asked == ["who"])
        desk.qtbot.wait(5)
        panel = page.panels["account"]
        assert isinstance(panel, AccountPanel)
        assert panel.isVisible()
        return panel

    return open_page


def until(desk, true):
    desk.qtbot.waitUntil(lambda: bool(true()), timeout=3000)


def press(desk, key):
    desk.qtbot.keyClick(desk.window.focusWidget(), key)


def here(desk):
    return desk.window.focusWidget()


def test_in_by_the_keyboard_and_the_token_is_gone(desk, login, links, open_page):
    panel = open_page()
    assert panel.said.text().startswith("Nobody is logged in.")
    assert not panel.log_out.isVisible()
    panel.token.setFocus()
    assert panel.token.echoMode() == QLineEdit.EchoMode.Password
    desk.qtbot.keyClicks(here(desk), SECRET)
    press(desk, RETURN)
    press(desk, RETURN)  # once is enough
    assert login.asked == ["who", f"in {SECRET}"]
    login.doing.set_result("ada")
    until(desk, lambda: panel.said.text() == "Logged in as ada.")
    assert panel.token.text() == ""
    assert not panel.token.isVisible()
    assert here(desk) is panel.log_out


def test_the_page_to_make_a_token_is_one_press_away(desk, links, open_page):
    panel = open_page()
    panel.log_in.setFocus()
    press(desk, TAB)
    assert here(desk) is panel.make
    press(desk, SPACE)
    assert links == [TOKENS_URL]


def test_what_was_refused_stays_to_be_mended_until_the_section_is_left(desk, login, open_page):
    panel = open_page()
    panel.token.setFocus()
    desk.qtbot.keyClicks(here(desk), SECRET)
    press(desk, RETURN)
    login.doing.set_exception(HubError("The hub does not know this token."))
    until(desk, panel.problem.isVisible)
    assert panel.problem.text() == "The hub does not know this token."
    assert (panel.token.text(), here(desk)) == (SECRET, panel.token)
    press(desk, Qt.Key.Key_Escape)
    assert desk.window.pages.name == ""
    assert panel.token.text() == ""


def test_out_is_asked_about_and_may_be_taken_back(desk, login, open_page):
    login.account = Account(has_token=True, name="ada")
    panel = open_page()
    until(desk, panel.log_out.isVisible)
    panel.log_out.setFocus()
    press(desk, SPACE)
    assert "Other programs" in panel.said.text()
    assert here(desk) is panel.stay
    press(desk, SPACE)
    assert (panel.said.text(), here(desk)) == ("Logged in as ada.", panel.log_out)
    press(desk, SPACE)
    press(desk, TAB)
    assert here(desk) is panel.leave
    assert login.asked == ["who"]
    press(desk, SPACE)
    login.doing.set_result(None)
    until(desk, lambda: panel.said.text().startswith("Nobody"))
    assert here(desk) is panel.token
    assert login.asked == ["who", "out"]


def test_a_double_click_on_what_asks_does_not_answer(desk, login, open_page):
    login.account = Account(has_token=True, name="ada")
    panel = open_page()
    until(desk, panel.log_out.isVisible)
    at = panel.log_out.mapTo(panel, panel.log_out.rect().center())
    desk.qtbot.mouseClick(panel.childAt(at), Qt.MouseButton.LeftButton)
    desk.qtbot.wait(5)
    desk.qtbot.mouseClick(panel.childAt(at), Qt.MouseButton.LeftButton)
    assert login.asked == ["who"]


@pytest.mark.parametrize(
    ("found", "said", "may_enter", "may_leave"),
    [
        (Account(has_token=True), "A token is stored.", False, True),
        (Account(has_token=True, refused=True), "The hub does not know", True, True),
        (Account(True, "ada", "HF_TOKEN"), "Logged in as ada. The token is that", False, False),
        (Account(True, "", "HF_TOKEN", True), "The hub does not know", False, False),
    ],
)
def test_what_can_be_done_is_what_would_help(
    desk, login, open_page, found, said, may_enter, may_leave
):
    login.account = found
    panel = open_page()
    until(desk, lambda: panel.said.text().startswith(said))
    assert panel.token.isVisible() == panel.log_in.isVisible() == may_enter
    assert panel.log_out.isVisible() == may_leave


def test_it_is_not_asked_again_with_each_letter_of_a_search(desk, login, open_page, monkeypatch):
    panel = open_page()
    desk.qtbot.keyClicks(desk.window.pages.currentWidget().search, " hub")
    panel.refresh()
    assert login.asked == ["who"]
    monkeypatch.setattr(account, "_AGAIN_S", 0)
    panel.refresh()
    assert login.asked == ["who", "who"]


def test_an_answer_that_is_out_of_date_is_dropped(desk, login, open_page, monkeypatch):
    panel = open_page()
    monkeypatch.setattr(account, "_AGAIN_S", 0)
    late: Future[Account] = Future()
    monkeypatch.setattr(login, "ask", lambda: late)
    panel.refresh()
    panel.token.setFocus()
    desk.qtbot.keyClicks(here(desk), SECRET)
    press(desk, RETURN)
    login.doing.set_result("ada")
    until(desk, panel.log_out.isVisible)
    late.set_result(Account())
    desk.qtbot.wait(5)
    assert panel.said.text() == "Logged in as ada."


def test_a_login_that_cannot_be_forgotten_is_said_where_it_was_asked(desk, login, open_page):
    login.account = Account(has_token=True, name="ada")
    panel = open_page()
    until(desk, panel.log_out.isVisible)
    panel.log_out.setFocus()
    press(desk, SPACE)
    panel.leave.setFocus()
    press(desk, SPACE)
    login.doing.set_exception(StorageError("It could not be deleted."))
    until(desk, panel.problem.isVisible)
    assert (panel.said.text(), here(desk)) == ("Logged in as ada.", panel.log_out)
