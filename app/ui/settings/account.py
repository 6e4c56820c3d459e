"""The account at the hub: who is logged in, and the way in and out.

Main thread; the hub is asked elsewhere, and only while this is looked at. Always true: the token
is shown as dots, and is out of the field as soon as the hub knows it or the section is left.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QHideEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout

from app.core.errors import to_info
from app.hub.account import TOKENS_URL, Account
from app.ui.bridge import Answers
from app.ui.controls import Flow
from app.ui.settings.page import Panel

_AGAIN_S = 60.0  # the hub does not like to be asked this often
_NOBODY = "Nobody is logged in. Private models, and those that ask for permission, need a login."
_SHARED = "Other programs on this computer use the same login and are logged out too."


class Accounts(Protocol):
    def ask(self) -> "Future[Account]": ...

    def log_in(self, token: str) -> "Future[str]": ...

    def log_out(self) -> "Future[None]": ...


class AccountPanel(Panel):
    def __init__(self, accounts: Accounts, open_link: Callable[[str], object]) -> None:
        super().__init__()
        self._accounts = accounts
        self._answers = Answers(self)
        self._account = Account()
        self._asked_s = -_AGAIN_S
        self._busy = False  # the login is being changed
        self._changes = 0
        self.said, self.problem = _line("small"), _line("danger")
        self.token = QLineEdit()
        self.log_in, self.make = _button("Log in", "plain"), _button("Make a token", "link")
        self.log_out = _button("Log out", "plain")
        # In this order, a double click on what asks does not answer it, too.
        self.stay = _button("Stay logged in", "plain")
        self.leave = _button("Log out everywhere", "plain")
        entry, going = (self.token, self.log_in, self.make), (self.stay, self.leave)
        self._parts = (*entry, self.log_out, *going)
        self._lay_out()
        self.token.returnPressed.connect(self._log_in)
        self.log_in.clicked.connect(self._log_in)
        self.make.clicked.connect(lambda: open_link(TOKENS_URL))
        self.log_out.clicked.connect(self._ask_if_sure)
        self.stay.clicked.connect(self._stay)
        self.leave.clicked.connect(self._log_out)

    def _lay_out(self) -> None:
        title = QLabel("Hugging Face account")
        title.setProperty("kind", "heading")
        title.setContentsMargins(0, 12, 0, 0)
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setPlaceholderText("Access token")
        self.token.setAccessibleName("Hugging Face access token")
        self.token.setMinimumWidth(220)
        self.make.setAccessibleName("Make a token on the website")
        row = Flow(spacing=8)
        for part in self._parts:
            row.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (title, self.said):
            column.addWidget(part)
        column.addLayout(row)
        column.addWidget(self.problem)
        self.problem.hide()
        self._show(self._account)
        self.said.setText("")  # nothing is known yet

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.token.clear()
        self.problem.hide()

    def refresh(self) -> None:
        if self._busy or time.monotonic() - self._asked_s < _AGAIN_S:
            return
        self._asked_s = time.monotonic()
        changes = self._changes

        def answered(account: Account) -> None:
            if changes == self._changes:  # otherwise it is out of date
                self._show(account)

        self._answers.take(self._accounts.ask(), answered, self._failed)

    def _show(self, account: Account) -> None:
        self._account = account
        held = self.window().focusWidget()
        self.said.setText(_words(account))
        may_enter = (not account.has_token or account.refused) and not account.variable
        for part in (self.token, self.log_in, self.make):
            part.setVisible(may_enter)
        self.log_out.setVisible(account.has_token and not account.variable)
        self.stay.hide()
        self.leave.hide()
        if held in self._parts and held.isHidden():
            # The keyboard goes on with what has come instead.
            shown = next((each for each in self._parts if not each.isHidden()), self)
            shown.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- what can be done

    def _log_in(self) -> None:
        if not self._busy:
            entering = self._accounts.log_in(self.token.text())
            self._begin("Asking the hub…", entering, self._logged_in)

    def _logged_in(self, name: str) -> None:
        self.token.clear()
        self._changed(Account(has_token=True, name=name))

    def _ask_if_sure(self) -> None:
        self.said.setText(_SHARED)
        self.stay.show()
        self.leave.show()
        self.stay.setFocus(Qt.FocusReason.OtherFocusReason)
        self.log_out.hide()
        self._announce(_SHARED)

    def _stay(self) -> None:
        self._changed(self._account)

    def _log_out(self) -> None:
        if not self._busy:
            self._begin("Logging out…", self._accounts.log_out(), self._logged_out)

    def _logged_out(self, _: None) -> None:
        self._changed(Account())

    def _begin(self, said: str, doing: "Future[Any]", done: Callable[[Any], None]) -> None:
        self._busy = True
        self._changes += 1
        self.problem.hide()
        self.said.setText(said)
        self._answers.take(doing, done, self._failed)

    def _changed(self, account: Account) -> None:
        self._busy = False
        self._show(account)
        self._announce(self.said.text())

    def _failed(self, error: BaseException) -> None:
        self._busy = False
        self._show(self._account)
        self.problem.setText(to_info(error).message)
        self.problem.show()
        self._announce(self.problem.text())

    def _announce(self, text: str) -> None:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))


def _words(account: Account) -> str:
    if not account.has_token:
        return _NOBODY
    where = f" The token is that of {account.variable}, set outside of the app."
    where = where if account.variable else ""
    if account.refused:
        return f"The hub does not know the stored token, or no longer.{where}"
    if not account.name:
        return f"A token is stored. The hub cannot be asked now whose it is.{where}"
    return f"Logged in as {account.name}.{where}"


def _line(kind: str) -> QLabel:
    line = QLabel()
    line.setProperty("kind", kind)
    line.setTextFormat(Qt.TextFormat.PlainText)
    line.setWordWrap(True)
    return line


def _button(text: str, kind: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("kind", kind)
    return button
