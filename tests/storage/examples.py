"""Values for the storage tests: a store, a press, a forecast in which every number has one level."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.core.domain import (
    BacktestScore,
    HistoryFile,
    Predictor,
    RefreshDecision,
    RefreshRequest,
    RefreshRun,
    SeriesChoice,
    SeriesSummary,
    StoreSnapshot,
    Verdict,
    VersionHeader,
    scope_of,
)
from forecasting.core.error_sums import ErrorSums
from forecasting.core.pooled_priors import CHAIN, ChainPriors, CoefficientPrior, PooledPrior, PooledSpread
from forecasting.core.ports import HeadMove, Publication
from forecasting.storage import SqlStorage
from tests.fakes import TurnedClock

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
CUTOFF = date(2026, 3, 1)
LEASE = timedelta(seconds=30)
LIMIT = timedelta(hours=1)
ITEMS = ("all", "bread", "rolls")


def after(seconds: float) -> datetime:
    """An instant that many seconds after `NOW`."""
    return NOW + timedelta(seconds=seconds)


def press(store: str = "1", at: datetime = NOW, **changes: object) -> RefreshRequest:
    """A press by the local user; its run is named for store and instant."""
    values = {
        "run_id": f"run-{store}-{(at - NOW).total_seconds():07.1f}",
        "scope": scope_of(store),
        "store": store,
        "requested_by": "Local user",
        "requested_at": at,
        "engine": "prophet",
    }
    return RefreshRequest(**(values | changes))


def retrain(_snapshot: StoreSnapshot) -> RefreshDecision:
    """A policy that always trains."""
    return RefreshDecision(Verdict.RETRAIN, "No forecast yet")


def fresh(_snapshot: StoreSnapshot) -> RefreshDecision:
    """A policy that never trains."""
    return RefreshDecision(Verdict.FRESH, "Trained 3 h ago")


def running(storage: SqlStorage, store: str = "1", at: datetime = NOW) -> RefreshRun:
    """A run that has been requested and claimed."""
    storage.requests.submit(press(store, at), retrain)
    run = claim(storage, "worker-1", at, at + LEASE)
    assert run is not None
    assert run.store == store
    return run


def claim(storage: SqlStorage, worker: str, now: datetime, lease_until: datetime) -> RefreshRun | None:
    """The run a worker gets that claims one at a time, or None."""
    runs = claim_many(storage, worker, now, lease_until)
    assert len(runs) <= 1
    return runs[0] if runs else None


def claim_many(
    storage: SqlStorage, worker: str, now: datetime, lease_until: datetime, most: int = 1
) -> list[RefreshRun]:
    """The runs a worker gets at an instant of the database's clock, if the test can set it."""
    if storage.database.clock is not None:
        turn(storage, now)
    return storage.claims.claim(worker, lease_until - now, LIMIT, most)


def renew(storage: SqlStorage, runs: Sequence[RefreshRun], lease_until: datetime) -> set[str]:
    """Renew leases until an instant of the database's clock; return the ids of the runs still held."""
    clock = storage.database.clock
    assert clock is not None
    return storage.claims.renew(runs, lease_until - clock.now(), LIMIT)


def turn(storage: SqlStorage, now: datetime) -> None:
    """Set the database's clock."""
    clock = storage.database.clock
    assert isinstance(clock, TurnedClock)
    clock.instant = now


def predictor(name: str = "p-1", trained_at: datetime = NOW) -> Predictor:
    """A predictor with a backtest of two engines for each item."""
    week = ErrorSums(12, 100.0, 21.0, -3.5, 10.25, 10, 7.5, 12, 0.75, 11)
    cutoffs = (date(2026, 1, 4), date(2026, 2, 1))
    scores = (
        BacktestScore("prophet", cutoffs, 28, (week, ErrorSums(), week, week)),
        BacktestScore("seasonal_naive", cutoffs, 28, failure="too short: 3 days"),
    )
    choices = tuple(SeriesChoice(item, "prophet", "lowest error", scores) for item in ITEMS)
    return Predictor(name, "store:1", "prophet", trained_at, CUTOFF, choices)


def chain(name: str = "c-1", computed_at: datetime = NOW, **changes: object) -> ChainPriors:
    """A chain with a prior and a spread of one product at two cutoffs."""
    figures = {"yearly:sin1": CoefficientPrior(0.25, 0.125), "promo": CoefficientPrior(-1.0, 0.5)}
    cutoffs = (date(2026, 2, 1), CUTOFF)
    values = {
        "engine": "prophet",
        "cutoff": CUTOFF,
        "horizon": 28,
        "input_hash": "sales-1",
        "stores": 2,
        "priors": tuple(PooledPrior("bread", cutoff, 2, figures) for cutoff in cutoffs),
        "spreads": tuple(PooledSpread("bread", cutoff, 2, (1.0, 1.25)) for cutoff in cutoffs),
    }
    return ChainPriors(name, computed_at, **(values | changes))


def pool(_latest: ChainPriors | None) -> RefreshDecision:
    """A policy that always pools."""
    return RefreshDecision(Verdict.RETRAIN, "Nothing is pooled yet")


def press_chain(at: datetime = NOW, **changes: object) -> RefreshRequest:
    """A press for the chain run."""
    return press("", at, scope=CHAIN, **changes)


def pooling(storage: SqlStorage, at: datetime = NOW, **changes: object) -> RefreshRun:
    """A chain run that has been requested and claimed."""
    storage.requests.submit_chain(press_chain(at, **changes), pool)
    run = claim(storage, "worker-1", at, at + LEASE)
    assert run is not None
    assert run.is_chain_run
    return run


def publish_chain(
    storage: SqlStorage, name: str = "c-1", at: datetime = NOW, **changes: object
) -> ChainPriors:
    """Ask, claim and publish at one instant."""
    made = chain(name, at, **changes)
    storage.publications.publish_chain(pooling(storage, at), made, at)
    return made


def forecast(level: float = 10.0, items: tuple[str, ...] = ITEMS, days: int = 28) -> pd.DataFrame:
    """`schema.STORE_FORECAST` with every value at one level."""
    rows = len(items) * days
    holiday = np.where(np.arange(rows) % days == 3, "Karfreitag – geschlossen", "")
    return pd.DataFrame(
        {
            "item": pd.Series(np.repeat(items, days), dtype="str"),
            "engine": pd.Series(["prophet"] * rows, dtype="str"),
            "ds": np.tile(pd.date_range("2026-03-02", periods=days), len(items)),
            **{name: np.full(rows, float(level)) for name in ("mean", "q10", "q50", "q90")},
            "is_open": holiday == "",
            "promo": np.arange(rows) % 5 == 0,
            "holiday": pd.Series(holiday, dtype="str"),
            "school_holiday": np.zeros(rows, dtype=bool),
            "assumed": np.ones(rows, dtype=bool),
        }
    )


def publication(store: str = "1", level: float = 10.0, trained: Predictor | None = None) -> Publication:
    """A publication whose hash, days and summaries all contain its level."""
    return Publication(
        store=store,
        predictor=trained or predictor(),
        cutoff=CUTOFF,
        horizon=28,
        input_hash=f"inputs-{level:g}",
        assumptions=("No plan after 2026-03-15: open as in the weeks before",),
        forecast=forecast(level),
        summaries=tuple(
            SeriesSummary(store, item, "prophet", level, None, 0.21, 0.3, 0.8, (level, level))
            for item in ITEMS
        ),
    )


def publish(storage: SqlStorage, store: str = "1", level: float = 10.0, at: datetime = NOW) -> VersionHeader:
    """Ask, claim and publish at one instant."""
    return storage.publications.publish(running(storage, store, at), publication(store, level), at)


def history_file(store: str = "1", content_hash: str = "a", kind: str = "sales") -> HistoryFile:
    """A history file of one year."""
    return HistoryFile(store, kind, content_hash, 365, date(2025, 3, 2), CUTOFF, ("bread", "rolls"), "North")


def move(
    store: str = "1", content_hash: str = "a", previous: str | None = None, kind: str = "sales"
) -> HeadMove:
    """The move of a store's head from one file to the next."""
    return HeadMove(history_file(store, content_hash, kind), previous)
