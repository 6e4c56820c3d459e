"""A real engine process behind pipes, driven by blocking calls from one test."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from app.core.frames import encode, read_events
from app.core.ids import RequestId
from app.core.messages import Message
from app.core.protocol import (
    Command,
    Delta,
    Event,
    Generate,
    Heartbeat,
    Hello,
    Load,
    Loaded,
    ModelSpec,
    Request,
    RequestEvent,
    is_terminal,
)
from app.core.sampling import GREEDY

ROOT = Path(__file__).parents[2]


class Worker:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.seen: dict[RequestId, list[RequestEvent]] = {}
        self.frames: list[list[Event]] = []
        hello = self.read()[0]
        assert isinstance(hello, Hello)
        self.hello = hello

    def send(self, *commands: Command) -> None:
        assert self.process.stdin
        for command in commands:
            self.process.stdin.write(encode(command))
        self.process.stdin.flush()

    def read(self) -> list[Event]:
        assert self.process.stdout
        events = read_events(self.process.stdout)
        assert events is not None, "the engine process ended"
        self.frames.append(events)
        for event in events:
            if not isinstance(event, Hello | Heartbeat):
                self.seen.setdefault(event.request_id, []).append(event)
        return events

    def wait(self, request_id: str) -> Any:
        """The terminal event of one request."""
        while True:
            seen = self.seen.get(RequestId(request_id), [])
            if seen and is_terminal(seen[-1]):
                return seen[-1]
            self.read()

    def ask(self, request: Request) -> Any:
        self.send(request)
        return self.wait(request.request_id)

    def load(self, path: Path, **spec: Any) -> Loaded:
        answer = self.ask(
            Load(request_id=RequestId("load"), spec=ModelSpec(path=str(path), **spec))
        )
        assert isinstance(answer, Loaded), answer
        return answer

    def text(self, request_id: str) -> str:
        seen = self.seen[RequestId(request_id)]
        return "".join(event.text for event in seen if isinstance(event, Delta))

    def end(self) -> int:
        """Closes its stdin; returns the exit code."""
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        self.process.stdin.close()
        code = self.process.wait(10)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


def ask(name: str, text: str, **more: Any) -> Generate:
    """A greedy chat request of one user message."""
    more = {"sampling": GREEDY, "max_tokens": 24} | more
    return Generate(
        request_id=RequestId(name), messages=(Message(role="user", content=text),), **more
    )
