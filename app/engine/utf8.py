"""Assembles text from tokens that may each hold part of a character.

Pure, one object per reply. Always true: invalid bytes become U+FFFD, and the text does not
depend on how the bytes were split.
"""

from codecs import getincrementaldecoder


class Utf8:
    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> str:
        return self._decoder.decode(data)

    def finish(self) -> str:
        return self._decoder.decode(b"", final=True)
