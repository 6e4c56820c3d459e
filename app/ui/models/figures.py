"""Sizes, counts, times and progress in words; pure."""

from app.core.downloads import DownloadState


def size(count: int) -> str:
    """As the hub and the shops count: a GB is a thousand million."""
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    if count < 1_000_000_000:
        return f"{count / 1e6:.0f} MB"
    return f"{count / 1e9:.1f} GB"


def many(count: int) -> str:
    """12.3k, 4.5M: how the hub writes counts."""
    for limit, letter in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")):
        if count >= limit:
            short = count / limit
            return f"{short:.0f}{letter}" if short >= 100 else f"{short:.1f}{letter}"
    return str(count)


def progress(state: DownloadState) -> str:
    """How far, how fast, how long."""
    download = state.download
    done = f"{size(state.received)} of {size(download.size)}"
    match download.state:
        case "queued":
            return f"waits for its turn · {done}" if state.received else "waits for its turn"
        case "paused":
            return f"paused · {done}"
        case "failed":
            return state.reason
        case "done":
            return "is here"
        case "running":
            parts = [done]
            if state.reason:
                parts.append(state.reason)
            elif state.bytes_per_s >= 1:
                parts.append(f"{size(int(state.bytes_per_s))}/s")
                if (left := state.seconds_left) is not None:
                    parts.append(f"{duration(left)} left")
            return " · ".join(parts)


def duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{max(whole, 1)} s"
    if whole < 3600:
        return f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
