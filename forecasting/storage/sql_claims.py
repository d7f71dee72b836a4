"""What workers do with the runs they hold: claim, renew, record progress, give back, end."""

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from forecasting.core.domain import RefreshRun, RunState
from forecasting.core.errors import InvalidRequest
from forecasting.refresh.lifecycle import TRANSITIONS, RunEvent
from forecasting.storage.database import Database
from forecasting.storage.endings import RunEndings
from forecasting.storage.leases import Claim, change_held, claim_runs, held_by, renew_runs, require_held
from forecasting.storage.tables import refresh_run, refresh_worker

FORGOTTEN = timedelta(days=7)
"""A worker without a sign of life for this long is removed from the list."""

_NO_LEASE = {"lease_until": None, "deadline_at": None, "worker": None}


class SqlRunClaims:
    """Hands out runs to workers (`ports.RunClaims`)."""

    def __init__(self, database: Database, endings: RunEndings) -> None:
        self._database = database
        self._endings = endings

    def claim(self, worker: str, lease: timedelta, limit: timedelta, most: int = 1) -> list[RefreshRun]:
        """See `ports.RunClaims.claim`."""
        with self._database.writing() as connection:
            claim = Claim(worker, self._database.now(connection), lease, limit)
            return claim_runs(connection, self._endings, claim, most)

    def renew(self, runs: Collection[RefreshRun], lease: timedelta, limit: timedelta) -> set[str]:
        """See `ports.RunClaims.renew`."""
        with self._database.writing() as connection:
            now = self._database.now(connection)
            return renew_runs(connection, self._endings, runs, lease, now, limit)

    def progress(self, run: RefreshRun, stage: str, done: int, total: int) -> None:
        """See `ports.RunClaims.progress`."""
        with self._database.writing() as connection:
            change_held(connection, run, stage=stage, done=done, total=total)

    def close(self, run: RefreshRun, state: str, message: str, at: datetime) -> None:
        """See `ports.RunClaims.close`; the message of a run that succeeded replaces its old one.

        Raises
        ------
        InvalidRequest
            If `state` is neither ``"failed"`` nor ``"succeeded"``.
        """
        moves = {
            RunState.FAILED.value: (RunEvent.FAIL, "error"),
            RunState.SUCCEEDED.value: (RunEvent.SUCCEED, "message"),
        }
        if state not in moves:
            raise InvalidRequest(
                f"run {run.run_id}: expected it to end as one of {list(moves)}, found '{state}'"
            )
        move, column = moves[state]
        with self._database.writing() as connection:
            ended = self._endings.end(connection, move, held_by(run), at, **{column: message})
            require_held(run, len(ended))

    def postpone(self, run: RefreshRun, error: str, wait: timedelta) -> None:
        """See `ports.RunClaims.postpone`."""
        with self._database.writing() as connection:
            change_held(
                connection,
                run,
                state=TRANSITIONS[RunEvent.WAIT].target.value,
                next_attempt_at=self._database.now(connection) + wait,
                error=error,
                **_NO_LEASE,
            )

    def await_elsewhere(
        self, run: RefreshRun, stage: str, wait: timedelta, remaining: timedelta | None
    ) -> None:
        """See `ports.RunClaims.await_elsewhere`."""
        with self._database.writing() as connection:
            now = self._database.now(connection)
            change_held(
                connection,
                run,
                state=TRANSITIONS[RunEvent.AWAIT].target.value,
                attempt=0,
                next_attempt_at=now + wait,
                ready_at=None if remaining is None else now + remaining,
                stage=stage,
                done=0,
                total=0,
                **_NO_LEASE,
            )

    def release(self, run: RefreshRun) -> None:
        """See `ports.RunClaims.release`; a run that this worker no longer holds is left alone."""
        values = {
            "state": TRANSITIONS[RunEvent.RELEASE].target.value,
            "attempt": refresh_run.c.attempt - 1,
            **_NO_LEASE,
        }
        with self._database.writing() as connection:
            connection.execute(sa.update(refresh_run).where(held_by(run)).values(values))

    def beat(self, worker: str) -> None:
        """See `ports.RunClaims.beat`; a worker's first beat removes workers not seen for `FORGOTTEN`."""
        this_worker = refresh_worker.c.name == worker
        with self._database.writing() as connection:
            at = self._database.now(connection)
            known = sa.update(refresh_worker).where(this_worker).values(seen_at=at)
            if connection.execute(known).rowcount == 0:
                connection.execute(sa.delete(refresh_worker).where(refresh_worker.c.seen_at < at - FORGOTTEN))
                connection.execute(sa.insert(refresh_worker).values(name=worker, seen_at=at))
