"""The track record: what published versions forecast for days that are now past.

Rows name their version without a foreign key and outlive it. The mean weighted quantile loss is summed as

    Σ over τ of 2·max(τ(y - q), (τ - 1)(y - q))  =  |y - q10| + |y - q50| + |y - q90| - 0.8·(q90 - q10),

which holds as 2·max(τd, (τ - 1)d) = |d| + (2τ - 1)d and y falls out of the sum over τ = .1, .5, .9.
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from forecasting.core.domain import ALL_ITEMS, QUANTILES, Actual, SeriesDay, TrackRow, VersionHeader
from forecasting.core.error_sums import ErrorSums
from forecasting.core.ports import TrackUpdate
from forecasting.core.schema import TRACK
from forecasting.storage.database import Database
from forecasting.storage.rows import HEADER, header_of
from forecasting.storage.tables import (
    forecast_head,
    forecast_version,
    history_head,
    predictor,
    track_head,
    track_record,
)

_DTYPES = {
    **dict.fromkeys(("store", "item", "engine"), "str"),
    **dict.fromkeys(("ds", "cutoff"), "datetime64[us]"),
    **dict.fromkeys(("lead", "version"), "int64"),
    **dict.fromkeys(("y", "mean", "q10", "q50", "q90"), "float64"),
    "is_open": "bool",
}


class SqlTrackRecord:
    """Stores and sums the track record (`ports.TrackRecord`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, stores: Collection[str] | None = None) -> list[str]:
        """See `ports.TrackRecord.pending`."""
        outdated = track_head.c.content_hash.is_distinct_from(history_head.c.content_hash)
        query = (
            sa.select(history_head.c.store)
            .join_from(history_head, forecast_head, forecast_head.c.store == history_head.c.store)
            .outerjoin(track_head, track_head.c.store == history_head.c.store)
            .where(_IS_SALES, outdated)
            .order_by(history_head.c.store)
        )
        if stores is not None:
            query = query.where(history_head.c.store.in_(stores))
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def candidates(self, store: str, first: date, last: date) -> list[VersionHeader]:
        """See `ports.TrackRecord.candidates`."""
        query = (
            sa.select(*HEADER)
            .select_from(forecast_version.join(predictor))
            .where(forecast_version.c.store == store, forecast_version.c.cutoff < last)
            .order_by(forecast_version.c.version)
        )
        with self._database.reading() as connection:
            headers = [header_of(row) for row in connection.execute(query)]
        return [each for each in headers if each.cutoff + timedelta(days=each.horizon) >= first]

    def recorded(self, store: str) -> dict[SeriesDay, Actual]:
        """See `ports.TrackRecord.recorded`."""
        row = track_record.c
        query = sa.select(row.item, row.ds, row.y, row.is_open).distinct().where(row.store == store)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {SeriesDay(item, ds): Actual(y, is_open) for item, ds, y, is_open in rows}

    def record(self, store: str, update: TrackUpdate) -> bool:
        """See `ports.TrackRecord.record`."""
        head = sa.select(history_head.c.content_hash).where(_IS_SALES, history_head.c.store == store)
        head = head.with_for_update()  # until the commit no one else records this store or moves its sales
        with self._database.writing() as connection:
            if connection.execute(head).scalar() != update.sales_hash:
                return False
            _remove(connection, store, update.gone)
            _correct(connection, store, update)
            _replace(connection, store, update)
            _mark(connection, store, update.sales_hash)
        return True

    def read(
        self, stores: Collection[str], *, item: str | None = None, since: date | None = None
    ) -> pd.DataFrame:
        """See `ports.TrackRecord.read`."""
        row = track_record.c
        query = sa.select(*(row[name] for name in TRACK)).where(row.store.in_(stores), _since(since))
        if item is not None:
            query = query.where(row.item == item)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(row.store, row.item, row.ds, row.lead)).all()
        columns = zip(*rows, strict=True) if rows else [()] * len(TRACK)
        return pd.DataFrame(
            {
                name: pd.Series(values, dtype=_DTYPES[name])
                for name, values in zip(TRACK, columns, strict=True)
            }
        )

    def rows(self, store: str, item: str, lead: int, since: date) -> list[TrackRow]:
        """See `ports.TrackRecord.rows`."""
        asked = {"of_store": store, "of_item": item, "of_lead": lead, "since": since}
        with self._database.reading() as connection:
            return [TrackRow(*row) for row in connection.execute(_ROWS, asked)]

    def sums(
        self, stores: Collection[str] | None, *, item: str = ALL_ITEMS, since: date | None = None
    ) -> dict[int, ErrorSums]:
        """See `ports.TrackRecord.sums`."""
        each = _sums(stores, item, since).subquery()
        columns = (sa.func.sum(each.c[name]).label(name) for name in _SUMS)
        query = sa.select(each.c.lead, *columns).group_by(each.c.lead).order_by(each.c.lead)
        with self._database.reading() as connection:
            return {row.lead: _errors(row) for row in connection.execute(query)}

    def sums_by_store(
        self, stores: Collection[str] | None, *, item: str = ALL_ITEMS, since: date | None = None
    ) -> dict[str, dict[int, ErrorSums]]:
        """See `ports.TrackRecord.sums_by_store`."""
        found: dict[str, dict[int, ErrorSums]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(_sums(stores, item, since)):
                found.setdefault(row.store, {})[row.lead] = _errors(row)
        return found


_IS_SALES = history_head.c.kind == "sales"

# Built once, because a store's page runs it each time it is drawn.
_ROWS = (
    sa.select(*(track_record.c[name] for name in TrackRow._fields))
    .where(
        track_record.c.store == sa.bindparam("of_store"),
        track_record.c.item == sa.bindparam("of_item"),
        track_record.c.lead == sa.bindparam("of_lead"),
        track_record.c.ds >= sa.bindparam("since"),
    )
    .order_by(track_record.c.ds)
)


def _error_columns() -> dict[str, sa.ColumnElement[Any]]:
    """The sums from which `ErrorSums` are computed. There are many rows, so each sum is computed once."""
    row, absolute = track_record.c, sa.func.abs
    relative = 1 - row.q50 / row.y
    sold, inside = row.y > 0, row.y.between(row.q10, row.q90)
    columns = {
        "days": sa.func.count(),
        "sold": sa.func.sum(row.y),
        "expected": sa.func.sum(row.mean),
        "missed": sa.func.sum(absolute(row.y - row.q50)),
        "outer": sa.func.sum(
            absolute(row.y - row.q10) + absolute(row.y - row.q90) - 0.8 * (row.q90 - row.q10)
        ),
        "inside": sa.func.sum(sa.case((inside, 1), else_=0)),
        "squared": sa.func.sum(sa.case((sold, relative * relative), else_=0.0)),
        "squared_days": sa.func.sum(sa.case((sold, 1), else_=0)),
    }
    return {name: column.label(name) for name, column in columns.items()}


_SUMS = _error_columns()


def _sums(stores: Collection[str] | None, item: str, since: date | None) -> sa.Select[Any]:
    """Sums by store and lead, in the order the rows are stored in.

    The stores are listed even if every store is meant, so that each is one range of the primary key.
    """
    row = track_record.c
    asked = sa.select(history_head.c.store).where(_IS_SALES) if stores is None else stores
    return (
        sa.select(row.store, row.lead, *_SUMS.values())
        .where(row.store.in_(asked), row.item == item, row.is_open, _since(since))
        .group_by(row.store, row.lead)
    )


def _since(first: date | None) -> sa.ColumnElement[bool]:
    return sa.true() if first is None else track_record.c.ds >= first


def _errors(row: sa.Row[Any]) -> ErrorSums:
    return ErrorSums(
        days=row.days,
        sold=row.sold,
        missed=row.missed,
        over=row.expected - row.sold,
        loss=(row.missed + row.outer) / len(QUANTILES),
        inside=row.inside,
        squared=row.squared,
        squared_days=row.squared_days,
    )


def _of(store: str, *, lead: bool = False) -> sa.ColumnElement[bool]:
    """The rows of a day of a series, with parameters bound on execution; of one lead or of all leads."""
    row = track_record.c
    day = (row.store == store) & (row.item == sa.bindparam("of_item")) & (row.ds == sa.bindparam("of_ds"))
    return day & (row.lead == sa.bindparam("of_lead")) if lead else day


def _remove(connection: sa.Connection, store: str, days: Collection[SeriesDay]) -> None:
    if days:
        keys = [{"of_item": item, "of_ds": ds} for item, ds in days]
        connection.execute(sa.delete(track_record).where(_of(store)), keys)


def _correct(connection: sa.Connection, store: str, update: TrackUpdate) -> None:
    values = [
        {"of_item": item, "of_ds": ds, "new_y": actual.y, "new_is_open": actual.is_open}
        for (item, ds), actual in update.corrected.items()
    ]
    if values:
        correction = sa.update(track_record).where(_of(store))
        correction = correction.values(y=sa.bindparam("new_y"), is_open=sa.bindparam("new_is_open"))
        connection.execute(correction, values)


def _replace(connection: sa.Connection, store: str, update: TrackUpdate) -> None:
    if update.rows:
        keys = [{"of_item": row.item, "of_ds": row.ds, "of_lead": row.lead} for row in update.rows]
        connection.execute(sa.delete(track_record).where(_of(store, lead=True)), keys)
        rows = [{"store": store, **TrackRow._asdict(row)} for row in update.rows]
        connection.execute(sa.insert(track_record), rows)


def _mark(connection: sa.Connection, store: str, sales_hash: str) -> None:
    marked = sa.update(track_head).where(track_head.c.store == store).values(content_hash=sales_hash)
    if connection.execute(marked).rowcount == 0:
        connection.execute(sa.insert(track_head).values(store=store, content_hash=sales_hash))
