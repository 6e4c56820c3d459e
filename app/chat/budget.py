"""The arithmetic of a chat's window: pure, exact token counts in, decisions out.

All percentages refer to `chat_ctx`, what the user set for one chat. Utilization counts the
prompt and the room kept for the reply.
"""

from collections.abc import Sequence

import msgspec

from app.core.settings import WindSettings

_MAX_RESERVE = 1024
# Of the window, after a wind: facts and narrative leave two fifths of the target to recent turns.
LEDGER_SHARE = 0.10
NARRATIVE_SHARE = 0.12
RECALL_SHARE = 0.08
SUMMARY_SHARE = 0.05
_CROWDED = 0.60
_RETRIGGER = 0.10


class Budget(msgspec.Struct, frozen=True):
    chat_ctx: int
    wind: WindSettings = WindSettings()

    @property
    def reserve(self) -> int:
        """Room kept for the reply."""
        return min(_MAX_RESERVE, self.chat_ctx // 8)

    @property
    def limit(self) -> int:
        """The longest prompt that may be sent."""
        return self.chat_ctx - self.reserve

    @property
    def target_tokens(self) -> int:
        return int(self.chat_ctx * self.wind.target)

    @property
    def ledger_tokens(self) -> int:
        return int(self.chat_ctx * LEDGER_SHARE)

    @property
    def recall_tokens(self) -> int:
        return int(self.chat_ctx * RECALL_SHARE)

    @property
    def summary_tokens(self) -> int:
        """What one segment may say."""
        return max(64, int(self.chat_ctx * SUMMARY_SHARE))

    @property
    def narrative_tokens(self) -> int:
        """All segments together; past it the oldest merge."""
        return int(self.chat_ctx * NARRATIVE_SHARE)

    def utilization(self, prompt_tokens: int) -> float:
        return (prompt_tokens + self.reserve) / self.chat_ctx

    def should_wind(self, prompt_tokens: int, after_last_wind: int = 0) -> bool:
        """Past the threshold; a wind that ended crowded starts again only after 10 % more."""
        if not self.wind.enabled or self.utilization(prompt_tokens) < self.wind.threshold:
            return False
        crowded = self.utilization(after_last_wind) > _CROWDED
        grown = (prompt_tokens - after_last_wind) / self.chat_ctx
        return not (after_last_wind and crowded) or grown >= _RETRIGGER


class Turn(msgspec.Struct, frozen=True):
    """A user message and all that answers it, tool calls and results included."""

    first: int  # index of its first message in the branch
    tokens: int


def choose_cut(turns: Sequence[Turn], room: int) -> int:
    """How many of the oldest turns to narrate so that the rest fits into `room` tokens.

    Always cuts before a user message. The newest turn stays even when it alone is too
    long: then everything else goes, and the caller excerpts it.
    """
    kept = 0
    cut = len(turns)
    while cut > 0 and (kept + turns[cut - 1].tokens <= room or cut == len(turns)):
        cut -= 1
        kept += turns[cut].tokens
    return cut


def group_turns(roles: Sequence[str], tokens: Sequence[int]) -> tuple[Turn, ...]:
    """Split a branch at its user messages; what precedes the first one belongs to it."""
    turns: list[Turn] = []
    for index, (role, count) in enumerate(zip(roles, tokens, strict=True)):
        if role == "user" and (not turns or "user" in roles[turns[-1].first : index]):
            turns.append(Turn(index, count))
        elif turns:
            turns[-1] = Turn(turns[-1].first, turns[-1].tokens + count)
        else:
            turns.append(Turn(index, count))
    return tuple(turns)
