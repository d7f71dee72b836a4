"""Finding and removing outdated rows.

Every rule counts from the time a row was *replaced*, not from the time it was made. So what a page showed
until a moment ago is kept for the full retention time, however old it is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from forecasting.core.domain import FileKey, StoreDay, Volume
from forecasting.core.ports import OutdatedRecords
from forecasting.storage.database import Database
from forecasting.storage.stored_priors import NEWEST_FIRST
from forecasting.storage.tables import (
    ACTIVE,
    Instant,
    chain,
    forecast_head,
    forecast_summary,
    forecast_version,
    history_import,
    history_version,
    predictor,
    refresh_run,
    store_attribute,
    track_record,
)

HISTORY_KEPT = 2
"""Files of a store and kind that are kept at any age: the head, and the file a rollback leads to."""


class SqlRetention:
    """Finds and removes outdated records (`ports.Retention`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def outdated(self, keep_versions: int, before: datetime) -> OutdatedRecords:
        """See `ports.Retention.outdated`; a reading transaction, which blocks nobody."""
        versions = _outdated_versions(keep_versions, before)
        kept = forecast_version.c.version.not_in(versions)
        kept_predictors = predictor.c.predictor_id.not_in(_predictors_without(kept))
        with self._database.reading() as connection:
            return OutdatedRecords(
                versions=tuple(sorted(connection.execute(versions).scalars())),
                predictors=tuple(connection.execute(_predictors_without(kept)).scalars()),
                runs=tuple(connection.execute(_outdated_runs(before, kept)).scalars()),
                imports=tuple(connection.execute(_outdated_imports(before)).scalars()),
                chains=tuple(connection.execute(_outdated_chains(before, kept_predictors)).scalars()),
            )

    def remove_versions(self, versions: Sequence[int]) -> int:
        """See `ports.Retention.remove_versions`."""
        going = sa.select(forecast_version.c.version).where(
            forecast_version.c.version.in_(versions), forecast_version.c.version.not_in(_needed_versions())
        )
        with self._database.writing() as connection:
            found = connection.execute(going).scalars().all()
            connection.execute(sa.delete(forecast_summary).where(forecast_summary.c.version.in_(found)))
            connection.execute(sa.delete(forecast_version).where(forecast_version.c.version.in_(found)))
        return len(found)

    def remove_predictors(self, predictors: Sequence[str]) -> int:
        """See `ports.Retention.remove_predictors`."""
        orphans = _predictors_without(sa.true())
        return self._remove(predictor, predictor.c.predictor_id.in_(predictors), orphans)

    def remove_chains(self, chains: Sequence[str]) -> int:
        """See `ports.Retention.remove_chains`; the latest is kept."""
        latest = sa.select(chain.c.chain_id).order_by(*NEWEST_FIRST).limit(1).scalar_subquery()
        free = sa.select(chain.c.chain_id).where(chain.c.chain_id != latest, ~_has_predictor(sa.true()))
        return self._remove(chain, chain.c.chain_id.in_(chains), free)

    def remove_runs(self, runs: Sequence[str]) -> int:
        """See `ports.Retention.remove_runs`; an ended run has no checkpoints."""
        free = sa.select(refresh_run.c.run_id).where(~ACTIVE, ~_has_version(sa.true()))
        return self._remove(refresh_run, refresh_run.c.run_id.in_(runs), free)

    def remove_imports(self, imports: Sequence[int]) -> int:
        """See `ports.Retention.remove_imports`; an import that was rolled back goes with its rollback."""
        rollback = history_import.alias()
        pointed_at = sa.exists().where(
            rollback.c.rolled_back == history_import.c.import_id, rollback.c.import_id.not_in(imports)
        )
        files = sa.delete(history_version).where(history_version.c.import_id.in_(imports))
        going = sa.delete(history_import).where(history_import.c.import_id.in_(imports), ~pointed_at)
        with self._database.writing() as connection:
            connection.execute(files)
            return connection.execute(going).rowcount

    def outdated_track(self, keep: timedelta) -> tuple[StoreDay, ...]:
        """See `ports.Retention.outdated_track`."""
        row = track_record.c
        old = sa.select(row.store, row.ds).distinct().order_by(row.store, row.ds)
        with self._database.reading() as connection:
            newest = connection.execute(sa.select(sa.func.max(row.ds))).scalar()
            if newest is None:
                return ()
            return tuple(StoreDay(*each) for each in connection.execute(old.where(row.ds < newest - keep)))

    def remove_track(self, days: Sequence[StoreDay]) -> int:
        """See `ports.Retention.remove_track`."""
        row = track_record.c
        with self._database.writing() as connection:
            gone = (
                connection.execute(sa.delete(track_record).where(row.store == store, row.ds == ds)).rowcount
                for store, ds in days
            )
            return sum(rows > 0 for rows in gone)

    def files(self, before: datetime) -> set[FileKey]:
        """See `ports.Retention.files`."""
        line = _history_line()
        named = line.c.content_hash.is_not(None)
        query = sa.select(line.c.kind, line.c.store, line.c.content_hash).where(
            named, ~_replaced(line, before)
        )
        with self._database.reading() as connection:
            return {FileKey(row.kind, row.store, row.content_hash) for row in connection.execute(query)}

    def usage(self) -> Volume:
        """See `ports.Retention.usage`."""
        count = sa.select(sa.func.count()).select_from(forecast_version)
        with self._database.reading() as connection:
            return Volume(connection.execute(count).scalar_one(), self._database.backend.size(connection))

    def _remove(self, table: sa.Table, asked: sa.ColumnElement[bool], free: sa.Select[Any]) -> int:
        """Delete the rows asked for whose key is still free, that is, needed by no other row."""
        (key,) = table.primary_key.columns
        with self._database.writing() as connection:
            return connection.execute(sa.delete(table).where(asked, key.in_(free))).rowcount


def _needed_versions() -> sa.Select[Any]:
    """Versions that are kept at any age.

    If the rows of another table come to need versions, add them to this query with a `UNION`.
    """
    return sa.select(forecast_head.c.version)


def _outdated_versions(keep: int, before: datetime) -> sa.Select[Any]:
    store, newest_first = forecast_version.c.store, forecast_version.c.version.desc()
    replaced_at = sa.func.lag(forecast_version.c.published_at, type_=Instant)
    line = sa.select(
        forecast_version.c.version,
        sa.func.row_number().over(partition_by=store, order_by=newest_first).label("place"),
        replaced_at.over(partition_by=store, order_by=newest_first).label("replaced_at"),
    ).subquery()
    return sa.select(line.c.version).where(
        line.c.place > keep, line.c.replaced_at < before, line.c.version.not_in(_needed_versions())
    )


def _predictors_without(kept: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Predictors without a kept version."""
    belongs = sa.exists().where(forecast_version.c.predictor_id == predictor.c.predictor_id, kept)
    return sa.select(predictor.c.predictor_id).where(~belongs)


def _outdated_chains(before: datetime, kept: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Replaced chains without a kept predictor. The latest chain is never one."""
    replaced_at = sa.func.lag(chain.c.computed_at, type_=Instant).over(order_by=NEWEST_FIRST)
    line = sa.select(chain.c.chain_id, replaced_at.label("replaced_at")).subquery()
    replaced = sa.select(line.c.chain_id).where(line.c.replaced_at < before)
    return sa.select(chain.c.chain_id).where(chain.c.chain_id.in_(replaced), ~_has_predictor(kept))


def _has_predictor(kept: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(predictor.c.chain_id == chain.c.chain_id, kept)


def _outdated_runs(before: datetime, kept: sa.ColumnElement[bool]) -> sa.Select[Any]:
    later = refresh_run.alias()
    followed = sa.exists().where(
        later.c.store == refresh_run.c.store, later.c.finished_at > refresh_run.c.finished_at
    )
    return sa.select(refresh_run.c.run_id).where(
        refresh_run.c.finished_at < before, followed, ~_has_version(kept)
    )


def _has_version(kept: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(forecast_version.c.run_id == refresh_run.c.run_id, kept)


def _history_line() -> sa.Subquery:
    """Each store's files of a kind, newest first, with the time each was replaced (None: it was not)."""
    series = (history_version.c.kind, history_version.c.store)
    newest_first = history_version.c.import_id.desc()
    replaced_at = sa.func.lag(history_import.c.imported_at, type_=Instant)
    return (
        sa.select(
            history_version.c.import_id,
            history_version.c.store,
            history_version.c.kind,
            history_version.c.content_hash,
            sa.func.row_number().over(partition_by=series, order_by=newest_first).label("place"),
            replaced_at.over(partition_by=series, order_by=newest_first).label("replaced_at"),
        )
        .join(history_import)
        .subquery()
    )


def _replaced(line: sa.Subquery, before: datetime) -> sa.ColumnElement[bool]:
    return (line.c.place > HISTORY_KEPT) & (line.c.replaced_at < before)


def _outdated_imports(before: datetime) -> sa.Select[Any]:
    """Imports of which neither a file nor a store's attributes are needed, newest first.

    The order removes a rollback before the import it refers to. Only whole imports are removed: if an import
    lost some of its stores, a later rollback could not tell that it is no longer the newest for them.
    """
    line = _history_line()
    needed = sa.union(
        sa.select(line.c.import_id).where(~_replaced(line, before)), sa.select(store_attribute.c.import_id)
    )
    return (
        sa.select(history_import.c.import_id)
        .where(history_import.c.imported_at < before, history_import.c.import_id.not_in(needed))
        .order_by(history_import.c.import_id.desc())
    )
