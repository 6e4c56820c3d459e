"""Which connection fetches which range: pieces of what is missing, the first of it first.

Any thread of one transfer. Always true: no two pieces overlap, and a piece only ever gets shorter,
so that a connection that joins takes over what another would have come to later.
"""

import threading

from app.hub.part import Part

_LEAST, _MOST = 1 << 20, 512 << 20
_PIECE_S = 10.0


class Piece:
    """A range one connection is at; its end may come nearer while it is fetched."""

    def __init__(self, start: int, stop: int) -> None:
        self.start = self.at = start
        self.stop = stop


class Plan:
    def __init__(self, part: Part) -> None:
        self._part = part
        self._lock = threading.Lock()
        self._taken: list[Piece] = []
        self._wanted = 1
        self._speed = 0.0

    def share(self, connections: int, bytes_per_s: float) -> None:
        with self._lock:
            self._wanted, self._speed = connections, bytes_per_s

    def take(self) -> Piece | None:
        """None when there is no work for one more connection."""
        with self._lock:
            if len(self._taken) >= self._wanted:
                return None
            gap = self._first_gap() or self._cut_longest()
            if gap is None:
                return None
            start, stop = gap
            if self._wanted > 1:
                stop = min(stop, start + self._length())
            piece = Piece(start, stop)
            self._taken.append(piece)
            return piece

    @property
    def alone(self) -> bool:
        """Whether one connection does it all."""
        with self._lock:
            return len(self._taken) == 1

    def give_back(self, piece: Piece) -> None:
        with self._lock:
            self._taken.remove(piece)

    def advance(self, piece: Piece, count: int) -> int:
        """`count` bytes came: how many of them are this piece's."""
        with self._lock:
            mine = max(0, min(count, piece.stop - piece.at))
            piece.at += mine
            return mine

    def _length(self) -> int:
        """Long enough that asking costs little, short enough that all end together."""
        left = sum(stop - start for start, stop in self._part.gaps())
        fair = min(int(self._speed / self._wanted * _PIECE_S), left // self._wanted, _MOST)
        return max(_LEAST, fair)

    def _first_gap(self) -> tuple[int, int] | None:
        for low, high in self._part.gaps():
            at = low
            for piece in sorted(self._taken, key=lambda piece: piece.start):
                if piece.start <= at < piece.stop:
                    at = piece.stop
            after = min((p.start for p in self._taken if p.start > at), default=high)
            if at < min(high, after):
                return at, min(high, after)
        return None

    def _cut_longest(self) -> tuple[int, int] | None:
        longest = max(self._taken, key=lambda piece: piece.stop - piece.at, default=None)
        if longest is None or longest.stop - longest.at < 2 * _LEAST:
            return None
        stop = longest.stop
        longest.stop = longest.at + min(self._length(), (stop - longest.at) // 2)
        return longest.stop, stop
