import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from forecasting.storage.sqlite import use_write_ahead_log


class Contended(sqlite3.Connection):
    """A connection to a file another one holds, until this one is ready to wait for it."""

    other: sqlite3.Connection

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        """Let the other go as soon as this one waits."""
        if sql == "BEGIN EXCLUSIVE":
            self.other.rollback()
        return super().execute(sql, *arguments)


def test_switching_to_write_ahead_logging_waits_for_other_processes(tmp_path: Path) -> None:
    """SQLite itself gives up at once here, so two processes that start together would fail."""
    with (
        closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as other,
        closing(
            sqlite3.connect(tmp_path / "db", timeout=0, isolation_level=None, factory=Contended)
        ) as connection,
    ):
        other.execute("BEGIN EXCLUSIVE")
        connection.other = other
        use_write_ahead_log(connection)
        assert not other.in_transaction
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
