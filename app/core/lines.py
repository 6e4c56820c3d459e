"""Lines of text as commands, diagnostics and the window show them: columns, sizes, counts. Pure."""


def in_words(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 10**8 else f"{size / 1e6:.1f} MB"


def counted(count: int, one: str) -> str:
    """1 chat, 2 chats."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def columns(rows: list[tuple[str, ...]], right: tuple[int, ...] = ()) -> list[str]:
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: tuple[str, ...]) -> str:
        cells = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(cells).rstrip()

    return [line(row) for row in rows]
