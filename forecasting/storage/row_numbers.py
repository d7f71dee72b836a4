"""The counters that number imports and versions. A number is never used twice."""

from collections.abc import Mapping

import sqlalchemy as sa


def last_used(connection: sa.Connection, tables: Mapping[str, sa.Table]) -> dict[str, int]:
    """The last number used in each table that numbers its rows; 0 if none was."""
    if connection.dialect.name == "postgresql":
        counters = _counters(connection, tables)
        return {name: _last_value(connection, counter) for name, counter in counters.items()}
    rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence ORDER BY name")
    return {row.name: row.seq for row in rows if row.name in tables}


def continue_after(
    connection: sa.Connection, tables: Mapping[str, sa.Table], last: Mapping[str, int]
) -> None:
    """Use only numbers above these from now on, and above those in the tables.

    On PostgreSQL, inserting numbered rows does not move the counter. On SQLite it does, but not past rows
    that had been removed from the dumped database.
    """
    if connection.dialect.name == "postgresql":
        for name, counter in _counters(connection, tables).items():
            (key,) = tables[name].primary_key.columns
            newest = connection.execute(sa.select(sa.func.max(key))).scalar() or 0
            if number := max(newest, last.get(name, 0)):
                connection.execute(sa.select(sa.func.setval(counter, number)))
        return
    for name, number in last.items():
        values = {"name": name, "number": number}
        moved = connection.execute(
            sa.text("UPDATE sqlite_sequence SET seq = max(seq, :number) WHERE name = :name"), values
        )
        if not moved.rowcount:
            connection.execute(sa.text("INSERT INTO sqlite_sequence VALUES (:name, :number)"), values)


def _counters(connection: sa.Connection, tables: Mapping[str, sa.Table]) -> dict[str, str]:
    """The name of the sequence behind each table's single key, for tables that have one."""
    keys = {name: table.primary_key.columns for name, table in tables.items()}
    found = {
        name: connection.execute(
            sa.select(sa.func.pg_get_serial_sequence(name, key[0].name))
        ).scalar_one_or_none()
        for name, key in keys.items()
        if len(key) == 1
    }
    return {name: counter for name, counter in found.items() if counter}


def _last_value(connection: sa.Connection, counter: str) -> int:
    query = sa.text("SELECT pg_sequence_last_value(CAST(:counter AS regclass))")
    return connection.execute(query, {"counter": counter}).scalar() or 0
