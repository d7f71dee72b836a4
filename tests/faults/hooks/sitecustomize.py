"""Faults inside processes under test, switched on by their environment; loaded as the interpreter starts.

``STORECAST_TEST_PUBLISH_GATE``: publishing waits, in its transaction, as long as this file exists, and says
so by a file beside it. ``STORECAST_TEST_DISK_FULL``: while this file exists a forecast finds the disk full.
"""

import os
import sqlite3
import sys
import time
from pathlib import Path

PUBLISH, FULL = (os.environ.get(f"STORECAST_TEST_{name}") for name in ("PUBLISH_GATE", "DISK_FULL"))


def _hold(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
    if PUBLISH and "INTO forecast_version" in statement and Path(PUBLISH).exists():
        Path(PUBLISH).with_suffix(".reached").touch()
        while Path(PUBLISH).exists():
            time.sleep(0.01)


def _fill(_connection: object, cursor: sqlite3.Cursor, statement: str, *_more: object) -> None:
    """Leave room for a word in a row, and none for a forecast."""
    if FULL and "INTO forecast_version" in statement and Path(FULL).exists():
        (free,) = cursor.execute("PRAGMA freelist_count").fetchone()
        (size,) = cursor.execute("PRAGMA page_size").fetchone()
        cursor.execute("CREATE TABLE filler (content BLOB)")  # goes with the transaction
        cursor.execute("INSERT INTO filler VALUES (zeroblob(?))", (free * size,))
        (pages,) = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count={pages}")


def _empty(connection: object) -> None:
    connection.exec_driver_sql("PRAGMA max_page_count=1073741823")  # type: ignore[attr-defined]


if PUBLISH or FULL:
    sys.path.append(str(Path(__file__).resolve().parents[3]))
    import sqlalchemy as sa

    if PUBLISH:
        sa.event.listen(sa.engine.Engine, "before_cursor_execute", _hold)
    if FULL:
        sa.event.listen(sa.engine.Engine, "before_cursor_execute", _fill)
        sa.event.listen(sa.engine.Engine, "begin", _empty)
