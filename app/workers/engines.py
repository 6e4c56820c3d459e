"""Every engine process of the pool: started here, and known here until it has ended.

Lives on the pool's thread. A retired engine is asked to end, then killed. One engine may be
started ahead of need: it has imported everything and greeted when a model wants it.
"""

import itertools
import logging
from collections.abc import Callable

from app.core.protocol import Hello
from app.workers.link import Link, Listener
from app.workers.mailbox import Mailbox
from app.workers.process import EngineLog, Exit, Launch
from app.workers.rules import Rules

_log = logging.getLogger(__name__)


class Engines:
    def __init__(self, launch: Launch, log: EngineLog, mailbox: Mailbox, rules: Rules) -> None:
        self._launch = launch
        self._log = log
        self._mailbox = mailbox
        self._rules = rules
        self._count = itertools.count(1)
        self._alive: dict[Link, Listener | None] = {}
        self._spare: Link | None = None
        self._retired: set[Link] = set()
        self._when_ended: list[tuple[frozenset[Link], Callable[[], None]]] = []

    def warm(self) -> None:
        if self._spare is None:
            try:
                self._spare = self._new(None)
            except (OSError, RuntimeError):
                _log.warning("no engine could be started ahead of need", exc_info=True)

    def start(self, listener: Listener) -> Link:
        spare, self._spare = self._spare, None
        if spare is None:
            return self._new(listener)
        self._alive[spare] = listener
        return spare

    def retire(self, link: Link) -> None:
        if link in self._alive and link not in self._retired:
            self._retired.add(link)
            link.shut_down()
            self._mailbox.after(self._rules.close_s, link.kill)

    def close(self, gone: Callable[[], None]) -> None:
        for link in [*self._alive]:
            self.retire(link)
        self.when_retired_ended(gone)

    def _new(self, listener: Listener | None) -> Link:
        name = f"engine-{next(self._count)}"
        ceiling = self._rules.memory_bytes
        link = Link(name, self._launch, self._log, self, self._mailbox.post, ceiling)
        self._alive[link] = listener
        return link

    def when_retired_ended(self, job: Callable[[], None]) -> None:
        """Runs the job when every engine that is on its way out now is gone."""
        leaving = frozenset(self._retired)
        if leaving:
            self._when_ended.append((leaving, job))
        else:
            job()

    # ------------------------------------------------------------ from the links

    def greeted(self, link: Link, hello: Hello) -> None:
        listener = self._alive.get(link)
        if listener and link not in self._retired:
            listener.greeted(link, hello)

    def ended(self, link: Link, end: Exit) -> None:
        listener = self._alive.pop(link)
        if link is self._spare:
            self._spare = None
        if link in self._retired:
            self._retired.discard(link)
            _log.info("%s has ended with code %d", link.name, end.code)
        elif listener:
            listener.ended(link, end)
        waiting = [(leaving - {link}, job) for leaving, job in self._when_ended]
        self._when_ended = [(leaving, job) for leaving, job in waiting if leaving]
        for leaving, job in waiting:
            if not leaving:
                job()
