"""How a request becomes a run: attach to what is active, or decide and record, within one transaction."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from forecasting.calendar import wording
from forecasting.chain import Chain
from forecasting.domain import Answer, Decision, RefreshRequest, RefreshRun, RunState, StoreSnapshot, Verdict
from forecasting.storage.chains import read_latest
from forecasting.storage.rows import RUN, row_of, run_of
from forecasting.storage.snapshots import nothing_known, read_snapshots
from forecasting.storage.tables import ACTIVE, refresh_run

_RUNS = (Verdict.REFORECAST, Verdict.RETRAIN)


def ask_stores(
    connection: sa.Connection,
    asks: Sequence[RefreshRequest],
    decide: Callable[[StoreSnapshot], Decision],
) -> list[Answer]:
    """Answer requests, each in the light of those before it; a constant number of queries for each round."""
    answers: dict[str, Answer] = {}
    for each in _rounds(asks):
        answers |= _ask_round(connection, each, decide)
    return [answers[ask.run_id] for ask in asks]


def ask_chain(
    connection: sa.Connection, ask: RefreshRequest, decide: Callable[[Chain | None], Decision]
) -> Answer:
    """Answer the request for a run over all stores."""
    holders = _holders(connection, [ask.scope])
    decisions = {} if holders else {ask.run_id: decide(read_latest(connection))}
    return _settle(connection, [ask], holders, decisions)[ask.run_id]


def _rounds(asks: Sequence[RefreshRequest]) -> list[list[RefreshRequest]]:
    """Rounds in which each scope is asked for once: one where every store is a scope of its own."""
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
    decide: Callable[[StoreSnapshot], Decision],
) -> dict[str, Answer]:
    holders = _holders(connection, [ask.scope for ask in asks])
    free = [ask for ask in asks if ask.scope not in holders]
    snapshots = read_snapshots(connection, [ask.store for ask in free]) if free else {}
    decisions = {ask.run_id: decide(snapshots.get(ask.store) or nothing_known(ask.store)) for ask in free}
    return _settle(connection, asks, holders, decisions)


def _settle(
    connection: sa.Connection,
    asks: Sequence[RefreshRequest],
    holders: Mapping[str, RefreshRun],
    decisions: Mapping[str, Decision],
) -> dict[str, Answer]:
    """Record the runs that were decided on; return the answers by the id of the request's run."""
    decided = [(ask, decisions[ask.run_id]) for ask in asks if ask.run_id in decisions]
    runs = [_queued(ask, decision) for ask, decision in decided if decision.verdict in _RUNS]
    held = {**holders, **_insert(connection, runs)}
    return {ask.run_id: _answer(connection, ask, held.get(ask.scope), decisions) for ask in asks}


def _answer(
    connection: sa.Connection,
    ask: RefreshRequest,
    holder: RefreshRun | None,
    decisions: Mapping[str, Decision],
) -> Answer:
    if holder is not None and (ask.run_id not in decisions or holder.run_id != ask.run_id):
        return _attach(connection, holder, ask)
    decision = decisions[ask.run_id]
    return Answer(decision.verdict, decision.message, holder)


def _attach(connection: sa.Connection, holder: RefreshRun, ask: RefreshRequest) -> Answer:
    joined = holder
    if holder.state is RunState.QUEUED and ask.priority < holder.priority:
        mine = refresh_run.c.run_id == holder.run_id
        connection.execute(sa.update(refresh_run).where(mine).values(priority=ask.priority))
        joined = replace(holder, priority=ask.priority)
    return Answer(Verdict.ATTACHED, _joined(holder, ask.requested_at), joined)


def _joined(holder: RefreshRun, now: datetime) -> str:
    """What a planner is told whose press joined a run."""
    doing = "running" if holder.state is RunState.RUNNING else "waiting to run"
    asked = f"asked {wording.duration(now - holder.requested_at)} ago by {holder.requested_by}"
    return f"Already {doing}, {asked}: this press joined it"


def _queued(ask: RefreshRequest, decision: Decision) -> RefreshRun:
    return RefreshRun(
        run_id=ask.run_id,
        scope=ask.scope,
        store=ask.store,
        verdict=decision.verdict,
        message=decision.message,
        state=RunState.QUEUED,
        requested_by=ask.requested_by,
        requested_at=ask.requested_at,
        engine=ask.engine,
        batch_id=ask.batch_id,
        priority=ask.priority,
    )


def _insert(connection: sa.Connection, runs: Sequence[RefreshRun]) -> dict[str, RefreshRun]:
    """Record runs; return who holds their scopes now, which is another where another process was quicker.

    That can happen on a database that lets both write at once.
    """
    if not runs:
        return {}
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(refresh_run), [row_of(run) for run in runs])
    except sa.exc.IntegrityError:
        return {run.scope: _insert_or_join(connection, run) for run in runs}
    return {run.scope: run for run in runs}


def _insert_or_join(connection: sa.Connection, run: RefreshRun) -> RefreshRun:
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(refresh_run).values(row_of(run)))
    except sa.exc.IntegrityError:
        holder = _holders(connection, [run.scope]).get(run.scope)
        if holder is None:
            raise
        return holder
    return run


def _holders(connection: sa.Connection, scopes: Collection[str]) -> dict[str, RefreshRun]:
    """The active run of each scope that has one."""
    rows = connection.execute(sa.select(*RUN).where(ACTIVE, refresh_run.c.scope.in_(scopes)))
    return {run.scope: run for run in map(run_of, rows.all())}
