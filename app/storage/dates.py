"""The date groups of a sidebar; pure."""

import calendar
from datetime import UTC, date, datetime, timedelta


def group(then_ms: int, today: date) -> str:
    """Today, Yesterday, Previous 7 days, Previous 30 days, a month of this year, or a year."""
    then = datetime.fromtimestamp(then_ms / 1000, UTC).astimezone().date()
    if then >= today:
        return "Today"
    if then == today - timedelta(days=1):
        return "Yesterday"
    if then >= today - timedelta(days=7):
        return "Previous 7 days"
    if then >= today - timedelta(days=30):
        return "Previous 30 days"
    return calendar.month_name[then.month] if then.year == today.year else str(then.year)
