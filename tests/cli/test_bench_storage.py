from pathlib import Path

from app.cli.bench_storage import generate, measure
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
