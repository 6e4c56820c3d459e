"""A reply that can be read by several readers, at any time, from threads and event loops."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core.errors import ErrorInfo, WorkerDied
from app.core.ids import RequestId, new_request_id
from app.core.protocol import Delta, Failed, Finished, Generate, RequestEvent, Stats
from app.workers.pool import Pool
from app.workers.stream import TokenStream
from tests.workers.asking import load

ID = RequestId("r")


def delta(text: str, reasoning: str = "") -> Delta:
    return Delta(request_id=ID, text=text, reasoning=reasoning, tokens=1)


END = Finished(request_id=ID, reason="stop", stats=Stats(completion_tokens=3))
FAILED = Failed(request_id=ID, error=ErrorInfo("worker_died", "gone"))


def told(*events: RequestEvent) -> TokenStream:
    stream = TokenStream(ID)
    for event in events:
        stream(event)
    return stream


def test_text_reasoning_and_totals_so_far() -> None:
    stream = told(delta("", "hm"), delta("a"), delta("b"))
    assert (stream.text, stream.reasoning, stream.tokens, stream.is_over) == ("ab", "hm", 3, False)


def test_every_reader_gets_everything_from_the_start() -> None:
    stream = told(delta("a"), END)
    assert list(stream) == list(stream) == [delta("a"), END]


def test_a_reader_waits_for_what_comes_later() -> None:
    stream = told(delta("a"))
    with ThreadPoolExecutor() as threads:
        readers = [threads.submit(list, stream) for _ in range(3)]
        for event in (delta("b"), END):
            stream(event)
        assert {tuple(reader.result(5)) for reader in readers} == {(delta("a"), delta("b"), END)}


def test_an_event_loop_reads_while_another_thread_tells() -> None:
    stream = told(delta("0"))

    async def read() -> list[RequestEvent]:
        return [event async for event in stream]

    async def both() -> list[list[RequestEvent]]:
        def tell() -> None:
            for index in range(1, 500):
                stream(delta(str(index)))
            stream(END)

        teller = threading.Thread(target=tell)
        teller.start()
        read_all = await asyncio.wait_for(asyncio.gather(read(), read(), read()), 10)
        teller.join()
        return list(read_all)

    expected = [*(delta(str(index)) for index in range(500)), END]
    assert asyncio.run(both()) == [expected] * 3


def test_an_abandoned_reader_is_forgotten() -> None:
    stream = told(delta("a"))

    async def give_up() -> None:
        reader = aiter(stream)
        await anext(reader)
        await reader.aclose()

    asyncio.run(give_up())
    stream(END)  # would call into the closed loop
    assert stream.is_over


def test_the_answer_waits_and_failures_are_raised() -> None:
    assert told(delta("a"), END).finished() == END
    with pytest.raises(WorkerDied, match="gone"):
        told(delta("a"), FAILED).answer()
    with pytest.raises(TimeoutError):
        told(delta("a")).answer(timeout_s=0.01)


def test_a_stream_over_the_pool(pool: Pool) -> None:
    load(pool)
    stream = TokenStream.of(pool, Generate(request_id=new_request_id(), prompt="tokens=5"))
    assert sum(isinstance(event, Delta) for event in stream) == 5
    assert stream.finished().reason == "stop"
