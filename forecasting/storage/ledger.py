"""Refresh runs: who trains what, under one unique index on the scopes that are active."""

from collections.abc import Callable, Collection, Hashable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from forecasting.core.domain import (
    Answer,
    BatchProgress,
    Decision,
    RefreshRequest,
    RefreshRun,
    RunState,
    StoreSnapshot,
    VersionHeader,
)
from forecasting.core.errors import InvalidRequest
from forecasting.core.pooled_priors import Chain
from forecasting.core.ports import Publication
from forecasting.refresh.lifecycle import RULES, Move
from forecasting.storage.blob import encode
from forecasting.storage.claiming import (
    Claim,
    change_held,
    claim_runs,
    held_by,
    renew_runs,
    require_held,
)
from forecasting.storage.database import Database
from forecasting.storage.ending import end_runs
from forecasting.storage.forecast_versions import insert_version
from forecasting.storage.requesting import ask_chain, ask_stores
from forecasting.storage.rows import RUN, run_of
from forecasting.storage.snapshots import read_batch, read_snapshots
from forecasting.storage.stored_priors import insert_chain
from forecasting.storage.tables import (
    ACTIVE,
    Instant,
    forecast_head,
    history_import,
    refresh_run,
    refresh_worker,
)

FORGOTTEN = timedelta(days=7)
"""After this long without a sign of life a worker is no longer listed."""


def _pulse() -> sa.Select[int, int, int]:
    marks = (sa.func.sum(forecast_head.c.version), sa.func.max(history_import.c.import_id))
    version, imported = (sa.select(sa.func.coalesce(each, 0)).scalar_subquery() for each in marks)
    active = sa.select(sa.func.count()).select_from(refresh_run).where(ACTIVE).scalar_subquery()
    return sa.select(version, imported, active)


def _stamp() -> sa.Select[int, int, int, datetime | None, int]:
    """The pulse; of the newest request when it was, and how many were made at that instant."""
    newest = sa.select(sa.func.max(refresh_run.c.requested_at, type_=Instant)).scalar_subquery()
    with_it = (
        sa.select(sa.func.count())
        .select_from(refresh_run)
        .where(refresh_run.c.requested_at == newest)
        .scalar_subquery()
    )
    return _pulse().add_columns(newest, with_it)


_PULSE = _pulse()
"""Made once: every page of every session asks for it at each of its runs."""

_STAMP = _stamp()


class SqlLedger:
    """Decides, records and ends refresh runs (`ports.Ledger`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def request(self, ask: RefreshRequest, decide: Callable[[StoreSnapshot], Decision]) -> Answer:
        """See `ports.Ledger.request`; `decide` is called with the database locked, so it must be quick."""
        return self.request_many([ask], decide)[0]

    def request_many(
        self, asks: Sequence[RefreshRequest], decide: Callable[[StoreSnapshot], Decision]
    ) -> list[Answer]:
        """See `ports.Ledger.request_many`; as for `request`, `decide` must be quick."""
        with self._database.writing() as connection:
            return ask_stores(connection, asks, decide)

    def request_chain(self, ask: RefreshRequest, decide: Callable[[Chain | None], Decision]) -> Answer:
        """See `ports.Ledger.request_chain`; as for `request`, `decide` must be quick."""
        with self._database.writing() as connection:
            return ask_chain(connection, ask, decide)

    def claim(self, worker: str, lease: timedelta, limit: timedelta, most: int = 1) -> list[RefreshRun]:
        """See `ports.Ledger.claim`."""
        with self._database.writing() as connection:
            claim = Claim(worker, self._database.now(connection), lease, limit)
            return claim_runs(connection, claim, most)

    def renew(self, runs: Collection[RefreshRun], lease: timedelta, limit: timedelta) -> set[str]:
        """See `ports.Ledger.renew`."""
        with self._database.writing() as connection:
            return renew_runs(connection, runs, lease, self._database.now(connection), limit)

    def progress(self, run: RefreshRun, stage: str, done: int, total: int) -> None:
        """See `ports.Ledger.progress`."""
        with self._database.writing() as connection:
            change_held(connection, run, stage=stage, done=done, total=total)

    def publish(self, run: RefreshRun, publication: Publication, at: datetime) -> VersionHeader:
        """See `ports.Ledger.publish`.

        Raises
        ------
        InvalidFrame
            If the forecast breaks its schema; nothing is published.
        """
        content = encode(publication.forecast, publication.reasons)
        with self._database.writing() as connection:
            self._succeed(connection, run, at)
            header = insert_version(connection, run, publication, content, at)
            mine = refresh_run.c.run_id == run.run_id
            connection.execute(sa.update(refresh_run).where(mine).values(version=header.version))
        return header

    def publish_group(
        self, run: RefreshRun, publications: Sequence[Publication], message: str, at: datetime
    ) -> list[VersionHeader]:
        """See `ports.Ledger.publish_group`.

        Raises
        ------
        InvalidFrame
            If a forecast breaks its schema; nothing is published.
        """
        contents = [encode(each.forecast, each.reasons) for each in publications]
        with self._database.writing() as connection:
            self._succeed(connection, run, at, message=message)
            return [
                insert_version(connection, run, each, content, at)
                for each, content in zip(publications, contents, strict=True)
            ]

    def publish_chain(self, run: RefreshRun, chain: Chain, at: datetime) -> None:
        """See `ports.Ledger.publish_chain`."""
        with self._database.writing() as connection:
            self._succeed(connection, run, at)
            insert_chain(connection, chain)

    def close(self, run: RefreshRun, state: str, message: str, at: datetime) -> None:
        """See `ports.Ledger.close`; `message` is the error of a failed run, else replaces the run's message.

        Raises
        ------
        InvalidRequest
            If `state` is not one a run ends in.
        """
        moves = {
            RunState.FAILED.value: (Move.FAIL, "error"),
            RunState.SUCCEEDED.value: (Move.SUCCEED, "message"),
        }
        if state not in moves:
            raise InvalidRequest(
                f"run {run.run_id}: expected it to end as one of {list(moves)}, found '{state}'"
            )
        move, told = moves[state]
        with self._database.writing() as connection:
            ended = end_runs(connection, move, held_by(run), at, **{told: message})
            require_held(run, len(ended))

    def postpone(self, run: RefreshRun, error: str, wait: timedelta) -> None:
        """See `ports.Ledger.postpone`."""
        with self._database.writing() as connection:
            change_held(
                connection,
                run,
                state=RULES[Move.WAIT].target.value,
                next_attempt_at=self._database.now(connection) + wait,
                error=error,
                lease_until=None,
                deadline_at=None,
                worker=None,
            )

    def await_elsewhere(
        self, run: RefreshRun, stage: str, wait: timedelta, remaining: timedelta | None
    ) -> None:
        """See `ports.Ledger.await_elsewhere`."""
        with self._database.writing() as connection:
            now = self._database.now(connection)
            change_held(
                connection,
                run,
                state=RULES[Move.AWAIT].target.value,
                attempt=0,
                next_attempt_at=now + wait,
                ready_at=None if remaining is None else now + remaining,
                stage=stage,
                done=0,
                total=0,
                lease_until=None,
                deadline_at=None,
                worker=None,
            )

    def release(self, run: RefreshRun) -> None:
        """See `ports.Ledger.release`; a run this worker no longer holds is left alone."""
        with self._database.writing() as connection:
            connection.execute(
                sa.update(refresh_run)
                .where(held_by(run))
                .values(
                    state=RULES[Move.RELEASE].target.value,
                    attempt=refresh_run.c.attempt - 1,
                    lease_until=None,
                    deadline_at=None,
                    worker=None,
                )
            )

    def cancel(self, run_id: str, reason: str, at: datetime) -> bool:
        """See `ports.Ledger.cancel`."""
        mine = refresh_run.c.run_id == run_id
        with self._database.writing() as connection:
            return bool(end_runs(connection, Move.CANCEL, mine, at, error=reason))

    def cancel_batch(self, batch_id: str, stores: Collection[str] | None, reason: str, at: datetime) -> int:
        """See `ports.Ledger.cancel_batch`."""
        mine = refresh_run.c.batch_id == batch_id
        if stores is not None:
            mine &= refresh_run.c.store.in_(stores)
        with self._database.writing() as connection:
            return len(end_runs(connection, Move.CANCEL, mine, at, error=reason))

    def get(self, run_id: str) -> RefreshRun | None:
        """See `ports.Ledger.get`."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(*RUN).where(refresh_run.c.run_id == run_id)).one_or_none()
        return None if row is None else run_of(row)

    def recent(self, limit: int, store: str | None = None, scope: str | None = None) -> list[RefreshRun]:
        """See `ports.Ledger.recent`."""
        newest = sa.select(*RUN).order_by(refresh_run.c.requested_at.desc(), refresh_run.c.run_id.desc())
        run = refresh_run.c
        query = newest if store is None else newest.where((run.store == store) | (run.scope == scope))
        with self._database.reading() as connection:
            return [run_of(row) for row in connection.execute(query.limit(limit))]

    def backlog(self) -> int:
        """See `ports.Ledger.backlog`."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).where(ACTIVE)).scalar_one()

    def pulse(self) -> tuple[int, int, int]:
        """See `ports.Ledger.pulse`."""
        with self._database.reading() as connection:
            row = connection.execute(_PULSE).one()
        return row[0], row[1], row[2]

    def stamp(self) -> Hashable | None:
        """See `ports.Ledger.stamp`: no run ends that was not asked for, and an active one counts as such."""
        with self._database.reading() as connection:
            version, imported, active, newest, with_it = connection.execute(_STAMP).one()
        return None if active else (version, imported, newest, with_it)

    def holder(self, scope: str) -> RefreshRun | None:
        """See `ports.Ledger.holder`."""
        query = sa.select(*RUN).where(ACTIVE, refresh_run.c.scope == scope)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else run_of(row)

    def last(self, scope: str) -> RefreshRun | None:
        """See `ports.Ledger.last`."""
        ended = refresh_run.c.finished_at
        query = sa.select(*RUN).where(refresh_run.c.scope == scope, ended.is_not(None))
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(ended.desc()).limit(1)).one_or_none()
        return None if row is None else run_of(row)

    def batch(self) -> BatchProgress | None:
        """See `ports.Ledger.batch`."""
        with self._database.reading() as connection:
            return read_batch(connection)

    def beat(self, worker: str) -> None:
        """See `ports.Ledger.beat`; a worker's first one clears away those not seen for `FORGOTTEN`."""
        mine = refresh_worker.c.name == worker
        with self._database.writing() as connection:
            at = self._database.now(connection)
            if connection.execute(sa.update(refresh_worker).where(mine).values(seen_at=at)).rowcount == 0:
                connection.execute(sa.delete(refresh_worker).where(refresh_worker.c.seen_at < at - FORGOTTEN))
                connection.execute(sa.insert(refresh_worker).values(name=worker, seen_at=at))

    def silence(self) -> timedelta | None:
        """See `ports.Ledger.silence`."""
        newest = sa.select(sa.func.max(refresh_worker.c.seen_at, type_=Instant))
        with self._database.reading() as connection:
            seen_at: datetime | None = connection.execute(newest).scalar()
            return None if seen_at is None else self._database.now(connection) - seen_at

    def snapshots(self, stores: Collection[str] | None = None) -> dict[str, StoreSnapshot]:
        """See `ports.Ledger.snapshots`."""
        with self._database.reading() as connection:
            return read_snapshots(connection, stores)

    def _succeed(self, connection: sa.Connection, run: RefreshRun, at: datetime, **values: object) -> None:
        ended = end_runs(connection, Move.SUCCEED, held_by(run), at, done=refresh_run.c.total, **values)
        require_held(run, len(ended))
