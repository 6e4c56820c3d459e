"""The bare engine for comparison: the real loop without pipe, reader or pool.

Started as `bare.py MODEL`; each line on stdin, `REQUESTS TOKENS`, is one round, answered by
the seconds it took.
"""

import sys
import threading
import time

from app.core.frames import MAX_FRAME_BYTES
from app.core.ids import RequestId
from app.core.messages import Message
from app.core.protocol import Generate, Load, ModelSpec
from app.core.sampling import GREEDY
from app.engine.child import Io
from app.engine.llama import library
from app.engine.loop import Loop
from app.engine.outbox import Outbox


class Nowhere:
    """Frames are made and dropped: the loop does all of its own work."""

    def write(self, data: bytes) -> int:
        assert len(data) <= MAX_FRAME_BYTES
        return len(data)


def main() -> None:
    library.start()
    outbox = Outbox(Nowhere())
    loop = Loop(outbox)
    loop.start()
    io = Io(loop, outbox)
    spec = ModelSpec(path=sys.argv[1], chat_ctx=2048, threads=1)
    io._answer(Load(request_id=RequestId("load"), spec=spec))
    while loop.desk is None:
        time.sleep(0.01)
    print("ready", flush=True)
    for line in sys.stdin:
        requests, tokens = map(int, line.split())
        started = time.monotonic()
        for index in range(requests):
            io._answer(
                Generate(
                    request_id=RequestId(f"r{started}-{index}"),
                    messages=(Message(role="user", content=f"story {started} {index}"),),
                    sampling=GREEDY,
                    max_tokens=tokens,
                    ignore_eos=True,
                )
            )
        idle = threading.Event()
        while _is_busy(loop):
            idle.wait(0.002)
        print(time.monotonic() - started, flush=True)
    loop.stop(2.0)


def _is_busy(loop: Loop) -> bool:
    assert loop.engine
    return bool(loop._inbox.qsize() or loop.engine.scheduler.jobs())


if __name__ == "__main__":
    main()
