"""Every engine process of the pool: started here, and known here until it has ended.

Lives on the pool's thread. A retired engine is asked to end, then killed; `all_ended` is
called when the last one is gone.
"""

import itertools
import logging
from collections.abc import Callable

from app.core.protocol import Hello
from app.workers.link import Link, Listener
from app.workers.mailbox import Mailbox
from app.workers.process import EngineLog, Exit, Launch

_log = logging.getLogger(__name__)


class Engines:
    def __init__(self, launch: Launch, log: EngineLog, mailbox: Mailbox, close_s: float) -> None:
        self._launch = launch
        self._log = log
        self._mailbox = mailbox
        self._close_s = close_s
        self._count = itertools.count(1)
        self._alive: dict[Link, Listener] = {}
        self._retired: set[Link] = set()
        self._when_ended: list[tuple[frozenset[Link], Callable[[], None]]] = []

    def start(self, listener: Listener) -> Link:
        link = Link(
            f"engine-{next(self._count)}", self._launch, self._log, self, self._mailbox.post
        )
        self._alive[link] = listener
        return link

    def retire(self, link: Link) -> None:
        if link in self._alive and link not in self._retired:
            self._retired.add(link)
            link.shut_down()
            self._mailbox.after(self._close_s, link.kill)

    def when_retired_ended(self, job: Callable[[], None]) -> None:
        """Runs the job when every engine that is on its way out now is gone."""
        leaving = frozenset(self._retired)
        if leaving:
            self._when_ended.append((leaving, job))
        else:
            job()

    # ------------------------------------------------------------ from the links

    def greeted(self, link: Link, hello: Hello) -> None:
        if link not in self._retired:
            self._alive[link].greeted(link, hello)

    def ended(self, link: Link, end: Exit) -> None:
        listener = self._alive.pop(link)
        if link in self._retired:
            self._retired.discard(link)
            _log.info("%s has ended with code %d", link.name, end.code)
        else:
            listener.ended(link, end)
        waiting = [(leaving - {link}, job) for leaving, job in self._when_ended]
        self._when_ended = [(leaving, job) for leaving, job in waiting if leaving]
        for leaving, job in waiting:
            if not leaving:
                job()
