"""The hub's login for the settings page: asked and changed on the lane's threads."""

from concurrent.futures import Future, ThreadPoolExecutor

from app.hub.account import Account, ask_account, log_in, log_out


class HubLogin:
    def __init__(self, lane: ThreadPoolExecutor) -> None:
        self._lane = lane

    def ask(self) -> "Future[Account]":
        return self._lane.submit(ask_account)

    def log_in(self, token: str) -> "Future[str]":
        return self._lane.submit(log_in, token)

    def log_out(self) -> "Future[None]":
        return self._lane.submit(log_out)
