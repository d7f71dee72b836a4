import re
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from forecasting.core.errors import StateTooNew, StateUnavailable
from forecasting.storage import open_database
from forecasting.storage.database import FILE, REVISION
from forecasting.storage.tables import metadata
from forecasting.storage.upgrade import migrations


def statements(engine: sa.Engine) -> dict[str, set[str]]:
    """The SQL of each table and index, in parts: a column added later stands after the constraints."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
    with engine.connect() as connection:
        return {row.name: parts(row.sql) for row in connection.exec_driver_sql(query)}


def parts(sql: str) -> set[str]:
    """The parts between the commas, with a reference of a column written as one of the table."""
    if not sql.startswith("CREATE TABLE"):
        return {sql}
    head, _, rest = sql.partition("(")
    body, _, tail = rest.rpartition(")")
    table_wide = r"\1\2, CONSTRAINT \3 FOREIGN KEY(\1) REFERENCES"
    body = re.sub(r"(\w+)( \w+) CONSTRAINT (\w+) REFERENCES", table_wide, body)
    return {head, tail, *(part.strip() for part in re.split(r",\s*(?![^()]*\))", body))}


def test_migrating_gives_the_schema_of_the_tables(tmp_path: Path) -> None:
    """Alembic finds nothing to change after the last migration."""
    database = open_database(tmp_path)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_migrating_gives_the_same_sql_as_the_tables(tmp_path: Path) -> None:
    """Also what alembic does not compare: the partial index, autoincrement, names of constraints."""
    database, direct = open_database(tmp_path), sa.create_engine("sqlite://")
    metadata.create_all(direct)
    assert statements(database.engine) == statements(direct)
    database.close()


def test_the_revision_in_the_code_is_the_newest_migration() -> None:
    """Start-up compares with a constant instead of asking alembic; this test keeps the constant right."""
    assert ScriptDirectory.from_config(migrations()).get_current_head() == REVISION


def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """After a downgrade of the software the error says so, and nothing is lost."""
    open_database(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StateTooNew, match=f"{FILE} was written by a newer version.*'{REVISION}'.*'9999'"):
        open_database(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_failed_upgrade_leaves_nothing(tmp_path: Path) -> None:
    """All of an upgrade or none of it: a table in the way leaves no other table behind."""
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("CREATE TABLE forecast_summary (mine TEXT)")
    connection.close()
    with pytest.raises(StateUnavailable, match="forecast_summary already exists"):
        open_database(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("forecast_summary",)]
    connection.close()
