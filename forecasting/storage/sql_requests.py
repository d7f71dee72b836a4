"""Turning requests into runs: attach to the active run, or decide and record a new one, in one transaction.

On a database that lets two processes write at once, the unique index on active scopes decides which of them
records the run. The rows of active runs are locked, so that a run cannot end before its request is answered.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecasting.core.domain import (
    RefreshAnswer,
    RefreshDecision,
    RefreshRequest,
    RefreshRun,
    RunState,
    StoreSnapshot,
    Verdict,
)
from forecasting.core.pooled_priors import ChainPriors
from forecasting.refresh.attaching import attach, has_read_inputs
from forecasting.refresh.lifecycle import RunEvent
from forecasting.storage.database import Database
from forecasting.storage.endings import RunEndings
from forecasting.storage.rows import RUN, row_of, run_of
from forecasting.storage.snapshots import empty_snapshot, read_group_inputs, read_inputs, read_snapshots
from forecasting.storage.stored_priors import read_latest
from forecasting.storage.tables import ACTIVE, refresh_run

_RUNS = (Verdict.REFORECAST, Verdict.RETRAIN)

_TRIES = 3
"""How often to try to record a run while runs of other processes take its scope and end again."""


class SqlRefreshRequests:
    """Turns presses into runs, and cancels runs (`ports.RefreshRequests`).

    `decide` is called while the database is locked, so it must be quick.
    """

    def __init__(self, database: Database, endings: RunEndings) -> None:
        self._database = database
        self._endings = endings

    def submit(
        self, ask: RefreshRequest, decide: Callable[[StoreSnapshot], RefreshDecision]
    ) -> RefreshAnswer:
        """See `ports.RefreshRequests.submit`."""
        return self.submit_many([ask], decide)[0]

    def submit_many(
        self, asks: Sequence[RefreshRequest], decide: Callable[[StoreSnapshot], RefreshDecision]
    ) -> list[RefreshAnswer]:
        """See `ports.RefreshRequests.submit_many`."""
        with self._database.writing() as connection:
            return ask_stores(connection, asks, decide)

    def submit_chain(
        self, ask: RefreshRequest, decide: Callable[[ChainPriors | None], RefreshDecision]
    ) -> RefreshAnswer:
        """See `ports.RefreshRequests.submit_chain`."""
        with self._database.writing() as connection:
            return ask_chain(connection, ask, decide)

    def cancel(self, run_id: str, reason: str, at: datetime) -> bool:
        """See `ports.RefreshRequests.cancel`."""
        this_run = refresh_run.c.run_id == run_id
        with self._database.writing() as connection:
            return bool(self._endings.end(connection, RunEvent.CANCEL, this_run, at, error=reason))

    def cancel_batch(self, batch_id: str, stores: Collection[str] | None, reason: str, at: datetime) -> int:
        """See `ports.RefreshRequests.cancel_batch`."""
        batch = refresh_run.c.batch_id == batch_id
        if stores is not None:
            batch &= refresh_run.c.store.in_(stores)
        with self._database.writing() as connection:
            return len(self._endings.end(connection, RunEvent.CANCEL, batch, at, error=reason))


@dataclass(frozen=True, slots=True)
class _Round:
    """The facts for answering a round of requests, in which each scope occurs once.

    Attributes
    ----------
    holders
        The active run of each scope that has one.
    decisions
        The decisions for the other scopes, by the run id of the request.
    inputs
        The fingerprint of the current inputs of each scope whose run has read its inputs already.
    """

    holders: Mapping[str, RefreshRun]
    decisions: Mapping[str, RefreshDecision]
    inputs: Mapping[str, str]


def ask_stores(
    connection: sa.Connection,
    asks: Sequence[RefreshRequest],
    decide: Callable[[StoreSnapshot], RefreshDecision],
) -> list[RefreshAnswer]:
    """Answer requests in order, with a constant number of queries for each round."""
    answers: dict[str, RefreshAnswer] = {}
    for each in _rounds(asks):
        answers |= _ask_round(connection, each, decide)
    return [answers[ask.run_id] for ask in asks]


def ask_chain(
    connection: sa.Connection, ask: RefreshRequest, decide: Callable[[ChainPriors | None], RefreshDecision]
) -> RefreshAnswer:
    """Answer the request for a chain run."""
    holders = _holders(connection, [ask.scope])
    decisions = {} if holders else {ask.run_id: decide(read_latest(connection))}
    return _settle(connection, [(ask, None)], _Round(holders, decisions, {}))[ask.run_id]


def _rounds(asks: Sequence[RefreshRequest]) -> list[list[RefreshRequest]]:
    """Divide requests into rounds in which each scope occurs once."""
    rounds: list[list[RefreshRequest]] = []
    asked: dict[str, int] = {}
    for ask in asks:
        number = asked[ask.scope] = asked.get(ask.scope, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(ask)
    return rounds


def _ask_round(
    connection: sa.Connection,
    asks: Sequence[RefreshRequest],
    decide: Callable[[StoreSnapshot], RefreshDecision],
) -> dict[str, RefreshAnswer]:
    holders = _holders(connection, [ask.scope for ask in asks])
    free = [ask for ask in asks if ask.scope not in holders]
    found = read_snapshots(connection, [ask.store for ask in free]) if free else {}
    snapshots = {ask.store: found.get(ask.store) or empty_snapshot(ask.store) for ask in free}
    decisions = {ask.run_id: decide(snapshots[ask.store]) for ask in free}
    known = _Round(holders, decisions, _inputs(connection, holders.values()))
    return _settle(connection, [(ask, snapshots.get(ask.store)) for ask in asks], known)


def _inputs(connection: sa.Connection, holders: Collection[RefreshRun]) -> dict[str, str]:
    under_way = [run for run in holders if has_read_inputs(run)]
    stores = {run.store: run.scope for run in under_way if run.store}
    inputs = {stores[store]: each for store, each in read_inputs(connection, list(stores)).items()}
    groups = [run.scope for run in under_way if run.is_group_run]
    return inputs | dict.fromkeys(groups, read_group_inputs(connection) if groups else "")


def _settle(
    connection: sa.Connection,
    asks: Sequence[tuple[RefreshRequest, StoreSnapshot | None]],
    known: _Round,
) -> dict[str, RefreshAnswer]:
    """Record the runs that were decided on, and return the answers by the run id of the request."""
    runs = [
        _queued(ask, known.decisions[ask.run_id], snapshot)
        for ask, snapshot in asks
        if ask.run_id in known.decisions and known.decisions[ask.run_id].verdict in _RUNS
    ]
    held = {**known.holders, **_insert(connection, sorted(runs, key=lambda run: run.scope))}
    return {ask.run_id: _answer(connection, ask, held.get(ask.scope), known) for ask, _ in asks}


def _answer(
    connection: sa.Connection, ask: RefreshRequest, holder: RefreshRun | None, known: _Round
) -> RefreshAnswer:
    if holder is not None and (ask.run_id not in known.decisions or holder.run_id != ask.run_id):
        return _attach(connection, holder, ask, known.inputs.get(ask.scope))
    decision = known.decisions[ask.run_id]
    return RefreshAnswer(decision.verdict, decision.message, holder)


def _attach(
    connection: sa.Connection, holder: RefreshRun, ask: RefreshRequest, inputs: str | None
) -> RefreshAnswer:
    """Attach a request to an active run, and store what that changes of the run."""
    answer = attach(holder, ask, inputs)
    if answer.run is not None and answer.run != holder:
        before, after = row_of(holder), row_of(answer.run)
        changes = {name: value for name, value in after.items() if value != before[name]}
        this_run = refresh_run.c.run_id == holder.run_id
        connection.execute(sa.update(refresh_run).where(this_run).values(changes))
    return answer


def _queued(ask: RefreshRequest, decision: RefreshDecision, snapshot: StoreSnapshot | None) -> RefreshRun:
    head = snapshot.head if snapshot else None
    return RefreshRun(
        run_id=ask.run_id,
        scope=ask.scope,
        store="" if ask.is_group_run else ask.store,
        verdict=decision.verdict,
        message=decision.message,
        state=RunState.QUEUED,
        requested_by=ask.requested_by,
        requested_at=ask.requested_at,
        engine=ask.engine,
        batch_id=ask.batch_id,
        priority=ask.priority,
        trained_before=head.trained_at if head else None,
    )


def _insert(connection: sa.Connection, runs: Sequence[RefreshRun]) -> dict[str, RefreshRun]:
    """Record runs, and return the run that now holds each scope.

    That is another run if another process was quicker, on a database that lets both write at once.
    """
    if not runs:
        return {}
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(refresh_run), [row_of(run) for run in runs])
    except sa.exc.IntegrityError:
        return {run.scope: _insert_or_join(connection, run) for run in runs}
    return {run.scope: run for run in runs}


def _insert_or_join(connection: sa.Connection, run: RefreshRun, tries: int = _TRIES) -> RefreshRun:
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(refresh_run).values(row_of(run)))
    except sa.exc.IntegrityError:
        holder = _holders(connection, [run.scope]).get(run.scope)
        if holder is not None:
            return holder
        if tries == 1:
            raise
        return _insert_or_join(connection, run, tries - 1)
    return run


def _holders(connection: sa.Connection, scopes: Collection[str]) -> dict[str, RefreshRun]:
    """The active run of each scope that has one, locked until this transaction ends."""
    query = sa.select(*RUN).where(ACTIVE, refresh_run.c.scope.in_(scopes)).order_by(refresh_run.c.scope)
    return {run.scope: run for run in map(run_of, connection.execute(query.with_for_update()).all())}
