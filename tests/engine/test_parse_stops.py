from app.engine.stops import Stops
from tests.engine.replies import by_bytes, gather, whole


def test_a_stop_string_across_pieces_ends_the_text_before_it() -> None:
    assert gather([b"one EN", b"D two"], stop=("END",)) == ("one ", "", (), True)


def test_text_that_only_begins_like_a_stop_string_comes_out() -> None:
    assert gather([b"one EN", b"T two"], stop=("END",)) == ("one ENT two", "", (), False)
    assert whole("one EN", stop=("END",)) == ("one EN", "", (), False)


def test_the_earliest_stop_string_counts_even_when_a_later_one_completes_first() -> None:
    assert gather(by_bytes(b"xabcd"), stop=("bc", "abcd")).text == "x"
    assert gather(by_bytes(b"xabce"), stop=("bc", "abcd")).text == "xa"
    assert gather(by_bytes(b"xabc"), stop=("bc", "abcd")) == ("xa", "", (), True)


def test_only_what_could_become_a_stop_string_is_held_back() -> None:
    stops = Stops(["\nUser:"])
    assert stops.feed("Hello") == "Hello"
    assert stops.feed(" there\nUs") == " there"
    assert stops.feed("ed") == "\nUsed"


def test_a_stop_string_in_the_thinking_or_in_a_call_does_not_count() -> None:
    reply = '<think>END</think>yes<tool_call>{"name": "f", "arguments": {"a": "END"}}</tool_call>'
    got = gather(by_bytes(reply.encode()), stop=("END",), tools=("f",))
    assert got == ("yes", "END", (("f", '{"a": "END"}'),), False)


def test_empty_stop_strings_stop_nothing() -> None:
    assert whole("text", stop=("",)) == ("text", "", (), False)


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    assert gather([b"a\xf0\x9f", b"\x98\x80b\xff"]).text == "a😀b\ufffd"
    assert gather([b"cut \xe5\xa4"]).text == "cut \ufffd"
