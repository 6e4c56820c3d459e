from pathlib import Path

import msgspec

from app.cli.bench_storage import Figure, generate, growth, measure
from app.storage.database import Database


def test_generated_database_is_measured_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "small.sqlite3"
    generate(path, chats=20, total=400)

    def count() -> tuple[int, int]:
        db = Database(path)
        try:
            return db.read(
                lambda tx: (
                    tx.value("SELECT count(*) FROM message"),
                    tx.value("SELECT count(*) FROM conversation"),
                )
            ).result()
        finally:
            db.close()

    assert count() == (400, 20)
    figures = measure(path)
    assert count() == (400, 20)
    assert len({figure.name for figure in figures}) == 8
    assert all(figure.p95_ms >= figure.median_ms > 0 for figure in figures)
    dearer = growth({400: figures, 40_000: [twice(figure) for figure in figures]})
    assert set(dearer) == {figure.name for figure in figures}
    assert all(1.0 <= times <= 2.01 for times in dearer.values())


def twice(figure: Figure) -> Figure:
    return msgspec.structs.replace(figure, cpu_ms=figure.cpu_ms * 2)
