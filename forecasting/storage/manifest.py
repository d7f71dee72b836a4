"""The manifest: the history files of each store's sales and plan, now and at any earlier instant."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecasting.core.domain import HistoryFile
from forecasting.core.errors import ImportConflict, InvalidRequest
from forecasting.core.ports import HeadMove, StoreAttributes
from forecasting.storage.database import Database
from forecasting.storage.rows import FILE, file_of
from forecasting.storage.tables import history_head, history_import, history_version, store_attribute

_IMPORTS = "imports"
"""Lock name that makes imports run one after another, so that each sees the heads moved before it."""


class SqlManifest:
    """Reads and moves history heads (`ports.Manifest`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def heads(
        self, kind: str, known_at: datetime | None = None, through: int | None = None
    ) -> dict[str, HistoryFile]:
        """See `ports.Manifest.heads`."""
        if through is not None:
            query = _newest(kind, history_import.c.import_id <= through)
        elif known_at is not None:
            query = _newest(kind, history_import.c.imported_at <= known_at)
        else:
            query = _current(kind)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {file.store: file for file in map(file_of, rows)}

    def head(self, store: str, kind: str, known_at: datetime | None = None) -> HistoryFile | None:
        """See `ports.Manifest.head`."""
        query: sa.Select[Any] = _CURRENT_OF
        if known_at is not None:
            query = _newest(
                kind, (history_version.c.store == store) & (history_import.c.imported_at <= known_at)
            )
        with self._database.reading() as connection:
            row = connection.execute(query, {"of_kind": kind, "of_store": store}).one_or_none()
        return None if row is None else file_of(row)

    def attributes(self) -> dict[str, StoreAttributes]:
        """See `ports.Manifest.attributes`."""
        query = sa.select(store_attribute.c.store, store_attribute.c.attributes)
        with self._database.reading() as connection:
            return {row.store: row.attributes for row in connection.execute(query)}

    def record(
        self,
        source: str,
        kind: str,
        by: str,
        at: datetime,
        moves: Sequence[HeadMove],
        attributes: Mapping[str, StoreAttributes] | None = None,
    ) -> int:
        """See `ports.Manifest.record`."""
        files = {move.file.store: move.file for move in moves}
        with self._database.writing(alone=_IMPORTS) as connection:
            _require_unmoved(moves, _current_hashes(connection, kind, files))
            import_id = _insert_import(connection, kind=kind, source=source, imported_by=by, imported_at=at)
            _move_heads(connection, import_id, kind, files)
            _replace_attributes(connection, import_id, attributes or {})
        return import_id

    def roll_back(self, import_id: int, by: str, at: datetime) -> int:
        """See `ports.Manifest.roll_back`; a rollback is an import, so it can be rolled back too.

        Raises
        ------
        InvalidRequest
            If there is no such import, or it contained attributes only.
        """
        with self._database.writing(alone=_IMPORTS) as connection:
            kinds = _kinds_by_store(connection, import_id)
            if not kinds:
                raise InvalidRequest(
                    f"expected the number of an import that moved sales or a plan, found {import_id}"
                )
            kind = next(iter(kinds.values()))
            _require_newest(connection, import_id, kind, kinds)
            query = _newest(kind, history_import.c.import_id < import_id)
            previous = {file.store: file for file in map(file_of, connection.execute(query).all())}
            rollback = _insert_import(
                connection,
                kind="rollback",
                source=f"rollback of import {import_id}",
                imported_by=by,
                imported_at=at,
                rolled_back=import_id,
            )
            _move_heads(connection, rollback, kind, {store: previous.get(store) for store in kinds})
        return rollback


def _current(kind: str) -> sa.Select[Any]:
    return sa.select(*FILE).select_from(history_head.join(history_version)).where(history_head.c.kind == kind)


_CURRENT_OF = (
    sa.select(*FILE)
    .select_from(history_head.join(history_version))
    .where(history_head.c.kind == sa.bindparam("of_kind"), history_head.c.store == sa.bindparam("of_store"))
)
"""The head of one store; built once, because a store's page runs it each time it is drawn."""


def _newest(kind: str, condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Each store's file after the last import that meets the condition."""
    last = (
        sa.select(history_version.c.store, sa.func.max(history_version.c.import_id).label("import_id"))
        .join(history_import)
        .where(history_version.c.kind == kind, condition)
        .group_by(history_version.c.store)
        .subquery()
    )
    same = (history_version.c.store == last.c.store) & (history_version.c.import_id == last.c.import_id)
    return (
        sa.select(*FILE)
        .join_from(history_version, last, same)
        .where(history_version.c.content_hash.is_not(None))
    )


def _current_hashes(connection: sa.Connection, kind: str, stores: Collection[str]) -> dict[str, str]:
    query = sa.select(history_head.c.store, history_head.c.content_hash).where(
        history_head.c.kind == kind, history_head.c.store.in_(stores)
    )
    return {row.store: row.content_hash for row in connection.execute(query)}


def _require_unmoved(moves: Sequence[HeadMove], hashes: Mapping[str, str]) -> None:
    for move in moves:
        store = move.file.store
        if hashes.get(store) != move.previous:
            raise ImportConflict(
                f"store {store}: expected its {move.file.kind} file to be {move.previous or 'none'}, found "
                f"{hashes.get(store) or 'none'}: another import has moved it since; nothing was changed"
            )


def _kinds_by_store(connection: sa.Connection, import_id: int) -> dict[str, str]:
    query = sa.select(history_version.c.store, history_version.c.kind)
    rows = connection.execute(query.where(history_version.c.import_id == import_id))
    return {row.store: row.kind for row in rows}


def _require_newest(connection: sa.Connection, import_id: int, kind: str, stores: Collection[str]) -> None:
    later = (
        sa.select(history_version.c.store, history_version.c.import_id)
        .where(
            history_version.c.kind == kind,
            history_version.c.import_id > import_id,
            history_version.c.store.in_(stores),
        )
        .order_by(history_version.c.import_id.desc(), history_version.c.store)
        .limit(1)
    )
    row = connection.execute(later).one_or_none()
    if row is not None:
        raise ImportConflict(
            f"store {row.store}: expected import {import_id} to be the last that moved it, found import "
            f"{row.import_id}: roll that back first; nothing was changed"
        )


def _insert_import(connection: sa.Connection, **values: str | int | datetime) -> int:
    insert = sa.insert(history_import).values(**values).returning(history_import.c.import_id)
    import_id: int = connection.execute(insert).scalar_one()
    return import_id


def _move_heads(
    connection: sa.Connection, import_id: int, kind: str, files: Mapping[str, HistoryFile | None]
) -> None:
    """Record the file of each store after an import (None: it has none now), and make it the head."""
    if not files:
        return
    versions = [_version_row(import_id, store, kind, file) for store, file in files.items()]
    heads = [
        {"store": store, "kind": kind, "content_hash": file.content_hash, "import_id": import_id}
        for store, file in files.items()
        if file is not None
    ]
    old = sa.delete(history_head).where(history_head.c.kind == kind, history_head.c.store.in_(files))
    connection.execute(sa.insert(history_version), versions)
    connection.execute(old)
    if heads:
        connection.execute(sa.insert(history_head), heads)


def _replace_attributes(
    connection: sa.Connection, import_id: int, attributes: Mapping[str, StoreAttributes]
) -> None:
    if not attributes:
        return
    rows = [
        {"store": store, "attributes": dict(values), "import_id": import_id}
        for store, values in attributes.items()
    ]
    connection.execute(sa.delete(store_attribute).where(store_attribute.c.store.in_(attributes)))
    connection.execute(sa.insert(store_attribute), rows)


def _version_row(import_id: int, store: str, kind: str, file: HistoryFile | None) -> dict[str, object]:
    facts = asdict(file) if file else dict.fromkeys(column.name for column in FILE)
    return {**facts, "import_id": import_id, "store": store, "kind": kind}
