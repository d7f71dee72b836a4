"""Published forecasts: written once, in the transaction that ends their run, and read by everyone."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from forecasting.core.domain import ALL_ITEMS, Predictor, RefreshRun, SeriesSummary, VersionHeader
from forecasting.core.errors import InvalidRequest
from forecasting.core.explanation import StoreReasons
from forecasting.core.ports import Publication
from forecasting.storage.blob import decode, decode_reasons
from forecasting.storage.database import Database
from forecasting.storage.documents import read_predictor, write_predictor
from forecasting.storage.rows import HEADER, SUMMARY, header_of, summary_of
from forecasting.storage.tables import forecast_head, forecast_summary, forecast_version, predictor


class SqlVersions:
    """Reads published forecasts (`ports.Versions`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, version: int) -> pd.DataFrame:
        """See `ports.Versions.read`."""
        return decode(self._content(version))

    def reasons(self, version: int, item: str | None = None) -> StoreReasons:
        """See `ports.Versions.reasons`."""
        return decode_reasons(self._content(version), item)

    def line(self, store: str, first: int, last: int) -> list[VersionHeader]:
        """See `ports.Versions.line`."""
        number = forecast_version.c.version
        query = sa.select(*HEADER).select_from(forecast_version.join(predictor)).order_by(number)
        mine = query.where(forecast_version.c.store == store, number.between(first, last))
        with self._database.reading() as connection:
            return [header_of(row) for row in connection.execute(mine)]

    def before(self, store: str, version: int) -> int | None:
        """See `ports.Versions.before`."""
        with self._database.reading() as connection:
            found: int | None = connection.execute(
                _BEFORE, {"of_store": store, "of_version": version}
            ).scalar()
        return found

    def header(self, version: int) -> VersionHeader:
        """See `ports.Versions.header`."""
        with self._database.reading() as connection:
            return read_header(connection, version)

    def headers(self, store: str, limit: int) -> list[VersionHeader]:
        """See `ports.Versions.headers`."""
        query = (
            sa.select(*HEADER)
            .select_from(forecast_version.join(predictor))
            .where(forecast_version.c.store == store)
            .order_by(forecast_version.c.version.desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [header_of(row) for row in connection.execute(query)]

    def predictor(self, predictor_id: str) -> Predictor:
        """See `ports.Versions.predictor`.

        Raises
        ------
        InvalidRequest
            If there is no such predictor.
        """
        query = sa.select(predictor.c.document).where(predictor.c.predictor_id == predictor_id)
        with self._database.reading() as connection:
            document = connection.execute(query).scalar_one_or_none()
        if document is None:
            raise InvalidRequest(f"expected the id of a stored predictor, found '{predictor_id}'")
        return read_predictor(document)

    def head_predictors(self, stores: Collection[str] | None = None) -> dict[str, Predictor]:
        """See `ports.Versions.head_predictors`."""
        query = sa.select(forecast_head.c.store, predictor.c.document).select_from(
            forecast_head.join(forecast_version, forecast_head.c.version == forecast_version.c.version).join(
                predictor
            )
        )
        if stores is not None:
            query = query.where(forecast_head.c.store.in_(stores))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {store: read_predictor(document) for store, document in rows}

    def totals(self) -> dict[str, SeriesSummary]:
        """See `ports.Versions.totals`."""
        with self._database.reading() as connection:
            rows = connection.execute(_TOTALS).all()
        return {summary.store: summary for summary in map(summary_of, rows)}

    def summaries(self, stores: Collection[str] | None = None) -> dict[str, tuple[SeriesSummary, ...]]:
        """See `ports.Versions.summaries`; the series are in the order they were published in."""
        found: defaultdict[str, list[SeriesSummary]] = defaultdict(list)
        with self._database.reading() as connection:
            if stores is None:
                rows = connection.execute(_SUMMARIES).all()
            else:
                rows = connection.execute(_SUMMARIES_OF, {"of_stores": list(stores)}).all()
        for summary in map(summary_of, rows):
            found[summary.store].append(summary)
        return {store: tuple(summaries) for store, summaries in found.items()}

    def _content(self, version: int) -> bytes:
        with self._database.reading() as connection:
            content: bytes | None = connection.execute(_CONTENT, {"of_version": version}).scalar_one_or_none()
        if content is None:
            raise _no_version(version)
        return content


# Built once, because a store's page runs them each time it is drawn.
_THIS = forecast_version.c.version == sa.bindparam("of_version")
_HEADER = sa.select(*HEADER).select_from(forecast_version.join(predictor)).where(_THIS)
_CONTENT = sa.select(forecast_version.c.forecast).where(_THIS)
_BEFORE = sa.select(sa.func.max(forecast_version.c.version)).where(
    forecast_version.c.store == sa.bindparam("of_store"),
    forecast_version.c.version < sa.bindparam("of_version"),
)
_HEAD_SUMMARIES = sa.select(*SUMMARY).join_from(
    forecast_head, forecast_summary, forecast_head.c.version == forecast_summary.c.version
)
_TOTALS = _HEAD_SUMMARIES.where(forecast_summary.c.item == ALL_ITEMS)
_SUMMARIES = _HEAD_SUMMARIES.order_by(forecast_summary.c.version, forecast_summary.c.position)
_OF_STORES: sa.BindParameter[list[str]] = sa.bindparam("of_stores", expanding=True)
_SUMMARIES_OF = _SUMMARIES.where(forecast_head.c.store.in_(_OF_STORES))


def insert_version(
    connection: sa.Connection, run: RefreshRun, publication: Publication, content: bytes, at: datetime
) -> VersionHeader:
    """Insert a version with its summaries and make it the store's head. Insert its predictor if it is new.

    Parameters
    ----------
    content
        The publication's forecast as a blob.
    """
    _insert_predictor(connection, publication.predictor)
    version = connection.execute(
        sa.insert(forecast_version)
        .values(
            store=publication.store,
            predictor_id=publication.predictor.predictor_id,
            run_id=run.run_id,
            cutoff=publication.cutoff,
            horizon=publication.horizon,
            input_hash=publication.input_hash,
            published_at=at,
            assumptions=publication.assumptions,
            forecast=content,
        )
        .returning(forecast_version.c.version)
    ).scalar_one()
    _insert_summaries(connection, version, publication.summaries)
    _move_head(connection, publication.store, version)
    return read_header(connection, version)


def read_header(connection: sa.Connection, version: int) -> VersionHeader:
    """The header of a version.

    Raises
    ------
    InvalidRequest
        If there is no such version.
    """
    row = connection.execute(_HEADER, {"of_version": version}).one_or_none()
    if row is None:
        raise _no_version(version)
    return header_of(row)


def _insert_predictor(connection: sa.Connection, trained: Predictor) -> None:
    known = sa.select(predictor.c.predictor_id).where(predictor.c.predictor_id == trained.predictor_id)
    if connection.execute(known).one_or_none() is None:
        connection.execute(
            sa.insert(predictor).values(
                predictor_id=trained.predictor_id,
                asked_engine=trained.asked_engine,
                trained_at=trained.trained_at,
                document=write_predictor(trained),
                chain_id=trained.chain_id or None,
            )
        )


def _insert_summaries(connection: sa.Connection, version: int, summaries: Sequence[SeriesSummary]) -> None:
    columns = [field.name for field in fields(SeriesSummary) if field.name != "store"]
    rows = [
        {"version": version, "position": position, **{name: getattr(summary, name) for name in columns}}
        for position, summary in enumerate(summaries)
    ]
    if rows:
        connection.execute(sa.insert(forecast_summary), rows)


def _move_head(connection: sa.Connection, store: str, version: int) -> None:
    moved = connection.execute(
        sa.update(forecast_head).where(forecast_head.c.store == store).values(version=version)
    )
    if moved.rowcount == 0:
        connection.execute(sa.insert(forecast_head).values(store=store, version=version))


def _no_version(version: int) -> InvalidRequest:
    return InvalidRequest(f"expected the number of a published forecast, found {version}")
