"""What decides the state of a store, for one store or all of them, in a constant number of queries."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from forecasting.domain import BatchProgress, HistoryFile, RefreshRun, StoreSnapshot, VersionHeader
from forecasting.ports import StoreAttributes
from forecasting.storage.rows import FILE, HEADER, RUN, file_of, header_of, run_of
from forecasting.storage.tables import (
    ACTIVE,
    OF_A_STORE,
    Instant,
    forecast_head,
    forecast_version,
    history_head,
    history_version,
    predictor,
    refresh_run,
    store_attribute,
)


def read_snapshots(connection: sa.Connection, stores: Collection[str] | None) -> dict[str, StoreSnapshot]:
    """The snapshot of each store that has sales or runs.

    Parameters
    ----------
    stores
        The stores asked for; None means every store.
    """
    files = _files(connection, stores)
    heads = _heads(connection, stores)
    active = _active_runs(connection, stores)
    last = _last_runs(connection, stores)
    attributes = _attributes(connection, stores)
    names = {store for store, kind in files if kind == "sales"} | active.keys() | last.keys()
    return {
        store: _snapshot(
            store, files, heads.get(store), active.get(store), last.get(store), attributes.get(store, {})
        )
        for store in names
    }


def read_inputs(connection: sa.Connection, stores: Collection[str]) -> dict[str, str]:
    """`StoreSnapshot.inputs` of each of these stores."""
    if not stores:
        return {}
    files, attributes = _files(connection, stores), _attributes(connection, stores)
    return {
        store: _snapshot(store, files, None, None, None, attributes.get(store, {})).inputs for store in stores
    }


def nothing_known(store: str) -> StoreSnapshot:
    """The snapshot of a store that has neither sales nor runs."""
    return StoreSnapshot(store, "", None, None, None, None, None)


def read_batch(connection: sa.Connection) -> BatchProgress | None:
    """The newest batch of which stores still have active runs, or None."""
    run = refresh_run.c
    newest = (
        sa.select(run.batch_id)
        .where(ACTIVE, OF_A_STORE, run.batch_id.is_not(None))
        .order_by(run.requested_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    active, failed = (sa.func.sum(sa.case((holds, 1), else_=0)) for holds in (ACTIVE, run.state == "failed"))
    began = sa.func.min(run.started_at, type_=Instant)
    columns = run.batch_id, sa.func.min(run.requested_by), sa.func.count(), active, failed, began
    row = connection.execute(
        sa.select(*columns).where(run.batch_id == newest, OF_A_STORE).group_by(run.batch_id)
    ).one_or_none()
    if row is None:
        return None
    batch_id, requested_by, total, still_active, broken, started_at = row
    return BatchProgress(batch_id, requested_by, total - still_active, broken, total, started_at)


def _snapshot(
    store: str,
    files: dict[tuple[str, str], HistoryFile],
    head: VersionHeader | None,
    active: RefreshRun | None,
    last: RefreshRun | None,
    attributes: StoreAttributes,
) -> StoreSnapshot:
    sales, plan = files.get((store, "sales")), files.get((store, "plan"))
    return StoreSnapshot(
        store=store,
        region=sales.region if sales else "",
        sales=sales,
        plan_hash=plan.content_hash if plan else None,
        head=head,
        active=active,
        last=last,
        attributes=attributes,
    )


def _files(connection: sa.Connection, stores: Collection[str] | None) -> dict[tuple[str, str], HistoryFile]:
    query = sa.select(*FILE).select_from(history_head.join(history_version))
    rows = connection.execute(_of(stores, query, history_head.c.store))
    return {(file.store, file.kind): file for file in map(file_of, rows.all())}


def _attributes(connection: sa.Connection, stores: Collection[str] | None) -> dict[str, StoreAttributes]:
    query = sa.select(store_attribute.c.store, store_attribute.c.attributes)
    rows = connection.execute(_of(stores, query, store_attribute.c.store))
    return {row.store: row.attributes for row in rows}


def _heads(connection: sa.Connection, stores: Collection[str] | None) -> dict[str, VersionHeader]:
    query = sa.select(*HEADER).select_from(forecast_head.join(forecast_version).join(predictor))
    rows = connection.execute(_of(stores, query, forecast_head.c.store))
    return {header.store: header for header in map(header_of, rows.all())}


def _active_runs(connection: sa.Connection, stores: Collection[str] | None) -> dict[str, RefreshRun]:
    """The active run of each store; where several scopes are active, the one asked for last."""
    query = sa.select(*RUN).where(ACTIVE, OF_A_STORE)
    rows = connection.execute(_of(stores, query, refresh_run.c.store))
    runs = sorted(map(run_of, rows.all()), key=lambda run: run.requested_at)
    return {run.store: run for run in runs}


def _last_runs(connection: sa.Connection, stores: Collection[str] | None) -> dict[str, RefreshRun]:
    """The newest ended run of each store: one seek in the index on (store, finished_at) per store."""
    every = sa.select(refresh_run.c.store).where(OF_A_STORE).distinct()
    names = _of(stores, every, refresh_run.c.store).subquery()
    ended = refresh_run.alias()
    newest = (
        sa.select(ended.c.run_id)
        .where(ended.c.store == names.c.store, ended.c.finished_at.is_not(None))
        .order_by(ended.c.finished_at.desc(), ended.c.requested_at.desc(), ended.c.run_id.desc())
        .limit(1)
        .correlate(names)
        .scalar_subquery()
    )
    found = sa.select(newest).select_from(names)
    rows = connection.execute(sa.select(*RUN).where(refresh_run.c.run_id.in_(found)))
    return {run.store: run for run in map(run_of, rows.all())}


def _of(stores: Collection[str] | None, query: sa.Select[Any], store: sa.Column[str]) -> sa.Select[Any]:
    return query if stores is None else query.where(store.in_(stores))
