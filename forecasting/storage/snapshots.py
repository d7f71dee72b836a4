"""Store snapshots, for one store or all of them, in a constant number of queries."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from forecasting.core.domain import (
    BatchProgress,
    HistoryFile,
    RefreshRun,
    StoreSnapshot,
    VersionHeader,
    inputs_through,
)
from forecasting.core.ports import StoreAttributes
from forecasting.storage.rows import FILE, HEADER, RUN, file_of, header_of, run_of
from forecasting.storage.tables import (
    ACTIVE,
    OF_A_STORE,
    Instant,
    forecast_head,
    forecast_version,
    history_head,
    history_import,
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
        Only these stores; None means every store.
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


def read_group_inputs(connection: sa.Connection) -> str:
    """`inputs_through` of the newest import: the fingerprint of a group's inputs."""
    newest = connection.execute(sa.select(sa.func.coalesce(sa.func.max(history_import.c.import_id), 0)))
    return inputs_through(newest.scalar_one())


def empty_snapshot(store: str) -> StoreSnapshot:
    """The snapshot of a store without sales and runs."""
    return StoreSnapshot(store, "", None, None, None, None, None)


def read_batch(connection: sa.Connection) -> BatchProgress | None:
    """The newest batch in which stores still have active runs; None if there is none."""
    row = connection.execute(_BATCH).one_or_none()
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
    return {(file.store, file.kind): file for file in map(file_of, _FILES.rows(connection, stores))}


def _attributes(connection: sa.Connection, stores: Collection[str] | None) -> dict[str, StoreAttributes]:
    return {row.store: row.attributes for row in _ATTRIBUTES.rows(connection, stores)}


def _heads(connection: sa.Connection, stores: Collection[str] | None) -> dict[str, VersionHeader]:
    return {header.store: header for header in map(header_of, _HEADS.rows(connection, stores))}


def _active_runs(connection: sa.Connection, stores: Collection[str] | None) -> dict[str, RefreshRun]:
    """The active run of each store; if several scopes are active, the one requested last."""
    runs = sorted(map(run_of, _ACTIVE_RUNS.rows(connection, stores)), key=lambda run: run.requested_at)
    return {run.store: run for run in runs}


def _last_runs(connection: sa.Connection, stores: Collection[str] | None) -> dict[str, RefreshRun]:
    """The newest ended run of each store."""
    return {run.store: run for run in map(run_of, _LAST_RUNS.rows(connection, stores))}


class _StoreQuery:
    """A query over every store, and the same query over some stores.

    They are built once, because building them took longer than running them.
    """

    def __init__(self, every: sa.Select[Any], some: sa.Select[Any]) -> None:
        self._every, self._some = every, some

    def rows(self, connection: sa.Connection, stores: Collection[str] | None) -> Sequence[sa.Row[Any]]:
        """Run the query for these stores; None means every store."""
        if stores is None:
            return connection.execute(self._every).all()
        return connection.execute(self._some, {"stores": list(stores)}).all()


def _narrow(query: sa.Select[Any], store: sa.Column[str]) -> sa.Select[Any]:
    """Restrict a query to the stores bound to it when it runs."""
    asked: sa.BindParameter[list[str]] = sa.bindparam("stores", expanding=True)
    return query.where(store.in_(asked))


def _newest_ended(stores: sa.Select[Any]) -> sa.Select[Any]:
    """The newest ended run of each of these stores, with one index seek per store (store, finished_at)."""
    names, ended = stores.subquery(), refresh_run.alias()
    newest = (
        sa.select(ended.c.run_id)
        .where(ended.c.store == names.c.store, ended.c.finished_at.is_not(None))
        .order_by(ended.c.finished_at.desc(), ended.c.requested_at.desc(), ended.c.run_id.desc())
        .limit(1)
        .correlate(names)
        .scalar_subquery()
    )
    found = sa.select(newest).select_from(names)
    return sa.select(*RUN).where(refresh_run.c.run_id.in_(found))


def _newest_batch() -> sa.Select[Any]:
    """The columns of a `BatchProgress`, but with the number of active stores where `done` is."""
    run = refresh_run.c
    newest = (
        sa.select(run.batch_id)
        .where(ACTIVE, OF_A_STORE, run.batch_id.is_not(None))
        .order_by(run.requested_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    active, failed = (sa.func.sum(sa.case((which, 1), else_=0)) for which in (ACTIVE, run.state == "failed"))
    began = sa.func.min(run.started_at, type_=Instant)
    columns = run.batch_id, sa.func.min(run.requested_by), sa.func.count(), active, failed, began
    return sa.select(*columns).where(run.batch_id == newest, OF_A_STORE).group_by(run.batch_id)


def _store_query(query: sa.Select[Any], store: sa.Column[str]) -> _StoreQuery:
    return _StoreQuery(query, _narrow(query, store))


_FILES = _store_query(sa.select(*FILE).select_from(history_head.join(history_version)), history_head.c.store)
_ATTRIBUTES = _store_query(
    sa.select(store_attribute.c.store, store_attribute.c.attributes), store_attribute.c.store
)
_HEADS = _store_query(
    sa.select(*HEADER).select_from(forecast_head.join(forecast_version).join(predictor)),
    forecast_head.c.store,
)
_ACTIVE_RUNS = _store_query(sa.select(*RUN).where(ACTIVE, OF_A_STORE), refresh_run.c.store)
_WITH_RUNS = sa.select(refresh_run.c.store).where(OF_A_STORE).distinct()
_LAST_RUNS = _StoreQuery(_newest_ended(_WITH_RUNS), _newest_ended(_narrow(_WITH_RUNS, refresh_run.c.store)))
_BATCH = _newest_batch()
