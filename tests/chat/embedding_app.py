"""An embedding generator of a few lines, and a process that embeds with it until it is killed.

`python embedding_app.py DATABASE`.
"""

import os
import sys
import time
from array import array
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from app.chat.meaning import Meaning
from app.core.errors import ContextLimitExceeded, ErrorInfo, to_info
from app.core.generator import Sink
from app.core.ids import RequestId, SessionId
from app.core.protocol import Embed, Embedded, Failed, Request
from app.storage.database import Database

MODEL = "reader"
BAD = "unreadable"


def sense(text: str) -> bytes:
    about = 1.0 if "sea" in text else 0.0
    return array("f", [about, 1.0 - about]).tobytes()


class Encoder:
    """Answers on the spot. Reads at most `longest` characters, and no text that holds `BAD`."""

    def __init__(self, longest: int = 1_000, pause_s: float = 0.0) -> None:
        self.longest = longest
        self.pause_s = pause_s
        self.asked: list[Embed] = []
        self.cancelled: list[RequestId] = []
        self.fails = False
        self.holds = False  # what is asked then is answered by `release`
        self._held: list[tuple[Embed, Sink]] = []

    @property
    def texts(self) -> list[str]:
        return [text for request in self.asked for text in request.texts]

    def submit(self, request: Request, sink: Sink) -> None:
        assert isinstance(request, Embed)
        self.asked.append(request)
        if self.holds:
            self._held.append((request, sink))
        else:
            time.sleep(self.pause_s)
            self._answer(request, sink)

    def release(self) -> None:
        self.holds = False
        while self._held:
            self._answer(*self._held.pop(0))

    def _answer(self, request: Embed, sink: Sink) -> None:
        id_ = request.request_id
        longest = max(map(len, request.texts))
        if self.fails or any(BAD in text for text in request.texts):
            sink(Failed(request_id=id_, error=ErrorInfo("known", "No.")))
        elif longest > self.longest:
            too_long = ContextLimitExceeded("", maximum=self.longest, required=longest)
            sink(Failed(request_id=id_, error=to_info(too_long)))
        else:
            sink(Embedded(request_id=id_, vectors=tuple(map(sense, request.texts))))

    def cancel(self, request_id: RequestId) -> None:
        self.cancelled.append(request_id)

    def purge(self, session: SessionId) -> None: ...


def main() -> None:
    db = Database(Path(sys.argv[1]))
    meaning = Meaning(db, Encoder(pause_s=0.002), lambda: MODEL)
    meaning.catch_up()
    while True:
        standing = meaning.standing()
        assert standing is not None
        sys.stdout.write(f"{standing.result().done}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
