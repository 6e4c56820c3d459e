"""One engine process for a measurement, driven by blocking calls from one thread.

Everything a reply costs is in its times: our pipes, sampling, text and events, as in the app.
Always true: `watch` returns once every request it was given has ended.
"""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import psutil

from app.core.errors import from_info
from app.core.frames import encode, read_events
from app.core.ids import RequestId, SessionId
from app.core.protocol import (
    Command,
    Delta,
    Failed,
    Finished,
    Generate,
    Heartbeat,
    Hello,
    Load,
    Loaded,
    ModelSpec,
    Purge,
    RequestEvent,
)
from app.core.sampling import GREEDY
from app.workers.process import engine_launch

PROMPT = 16  # tokens before a reply whose speed is measured

Timed = tuple[float, RequestEvent]


def prompt(number: int, size: int) -> list[int]:
    """Tokens that no two numbers begin with alike."""
    first = 1000 + number % 900
    return [first, *(1000 + (number * 31 + index * 7) % 900 for index in range(size - 1))]


def full_rate(times: Sequence[Sequence[float]]) -> float:
    """Tokens a second while all streams run: from the last one's first to the first one's last."""
    begin = max(stream[0] for stream in times)
    end = min(stream[-1] for stream in times)
    count = sum(begin < at <= end for stream in times for at in stream)
    return count / (end - begin)


class Child:
    def __init__(self, model: Path, **spec: Any) -> None:
        launch = engine_launch()
        self._process = subprocess.Popen(
            launch.command,
            env=os.environ | launch.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._waiting: list[Timed] = []
        self._count = 0
        self.send(
            Load(request_id=RequestId("load"), spec=ModelSpec(path=str(model.resolve()), **spec))
        )
        self.loaded = cast(Loaded, self._until(lambda event: isinstance(event, Loaded)))

    def send(self, command: Command) -> None:
        assert self._process.stdin
        self._process.stdin.write(encode(command))
        self._process.stdin.flush()

    def ask(self, tokens: Sequence[int], most: int, session: str = "") -> RequestId:
        self._count += 1
        request_id = RequestId(f"r{self._count}")
        self.send(
            Generate(
                request_id=request_id,
                session=SessionId(session or request_id),
                tokens=tuple(tokens),
                max_tokens=most,
                ignore_eos=True,
                sampling=GREEDY,
            )
        )
        return request_id

    def watch(
        self, *ids: RequestId, each: Callable[[RequestEvent], None] = lambda event: None
    ) -> list[Timed]:
        """Every event until these requests have ended, with the time it came in."""
        seen: list[Timed] = []
        left = set(ids)
        while left:
            at, event = self._next()
            seen.append((at, event))
            each(event)
            if isinstance(event, Finished):
                left.discard(event.request_id)
        return seen

    def run(self, tokens: Sequence[int], most: int, session: str = "") -> Finished:
        return cast(Finished, self.watch(self.ask(tokens, most, session))[-1][1])

    def cpu_s(self) -> float:
        """Seconds of processor time the process has used so far."""
        times = psutil.Process(self._process.pid).cpu_times()
        return times.user + times.system

    def forget(self, session: str) -> None:
        self.send(Purge(session=SessionId(session)))

    def _until(self, wanted: Callable[[RequestEvent], bool]) -> RequestEvent:
        while not wanted(event := self._next()[1]):
            pass
        return event

    def _next(self) -> Timed:
        while not self._waiting:
            assert self._process.stdout
            events = read_events(self._process.stdout)
            assert events is not None, "the engine process ended"
            now = time.perf_counter()
            self._waiting = [(now, e) for e in events if not isinstance(e, Hello | Heartbeat)]
        at, event = self._waiting.pop(0)
        if isinstance(event, Failed):
            self.close()
            raise from_info(event.error)
        return at, event

    def close(self) -> None:
        """Waits for the process: what it saves on the way is part of what is measured next."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def token_times(seen: Sequence[Timed], request_id: RequestId) -> list[float]:
    return [
        at
        for at, event in seen
        if isinstance(event, Delta) and event.request_id == request_id and event.tokens
    ]
