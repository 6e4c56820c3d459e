"""How a chat's next prompt fills the model's window, by parts. Pure."""

import msgspec

from app.chat.seen import Account
from app.ui.theme import Theme, mixed


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """How a conversation's next prompt fills the model's context, in tokens."""

    system: int = 0
    narrative: int = 0
    recalled: int = 0
    recent: int = 0
    reserve: int = 0
    limit: int = 0

    @property
    def used(self) -> int:
        return self.system + self.narrative + self.recalled + self.recent


def usage_of(account: Account) -> Usage:
    recalled = sum(each.tokens for each in account.messages if each.seen == "recalled")
    said = sum(each.tokens for each in account.messages)
    return Usage(
        system=account.system + account.tools,
        narrative=account.narrative + account.ledger,
        recalled=recalled,
        recent=said - recalled,
        reserve=account.reserve,
        limit=account.chat_ctx,
    )


def segments(usage: Usage, theme: Theme) -> list[tuple[str, int, str]]:
    """Name, tokens and tone of each part, in the order of the prompt."""
    colors = theme.colors
    full = colors.danger if percent(usage) >= 95 else colors.accent
    return [
        ("System prompt and tools", usage.system, colors.muted),
        ("Narrative and facts", usage.narrative, mixed(colors.window, full, 0.45)),
        ("Recalled", usage.recalled, mixed(colors.window, full, 0.7)),
        ("Conversation", usage.recent, full),
        ("Kept for the reply", usage.reserve, colors.faint),
    ]


def percent(usage: Usage) -> int:
    return round(100 * (usage.used + usage.reserve) / usage.limit) if usage.limit else 0


def described(usage: Usage, theme: Theme) -> str:
    lines = [f"{name}: {tokens:,}" for name, tokens, _ in segments(usage, theme) if tokens]
    filled = usage.used + usage.reserve
    return "\n".join([f"Context: {filled:,} of {usage.limit:,} tokens", *lines])
