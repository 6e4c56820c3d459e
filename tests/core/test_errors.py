"""Errors on their way over the pipe."""

from app.core.errors import (
    ContextLimitExceeded,
    InvalidRequest,
    OutOfMemory,
    WorkerDied,
    from_info,
    to_info,
)
from app.core.frames import encode
from app.core.ids import RequestId
from app.core.protocol import Failed


def test_a_known_error_comes_back_as_itself() -> None:
    back = from_info(to_info(ContextLimitExceeded(maximum=10, required=20)))
    assert isinstance(back, ContextLimitExceeded)
    assert (back.maximum, back.required) == (10, 20)
    assert isinstance(from_info(to_info(WorkerDied("It ended."))), WorkerDied)


def test_a_bugs_own_text_stays_out_of_sight() -> None:
    info = to_info(ValueError("a secret path"))
    assert info.kind == "bug"
    assert "secret" not in info.message


def test_memory_that_python_itself_lacks_is_told_as_such() -> None:
    assert isinstance(from_info(to_info(MemoryError())), OutOfMemory)


def test_a_message_that_quotes_broken_text_can_still_be_sent() -> None:
    error = InvalidRequest("The template says: \ud800")
    assert encode([Failed(request_id=RequestId("r"), error=to_info(error))])
