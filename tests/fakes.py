"""Fakes that mirror the real adapters: a clock that tests turn, simple engines, compute without processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.errors import ComputeLost, EngineUnavailable, FitFailed
from forecasting.core.pooled_priors import PooledPrior
from forecasting.core.ports import FittedSeries, HistoryReader, LocalEngine, TaskOutcome, always
from forecasting.evaluation.candidate_engines import EngineNamed
from forecasting.training.tasks import Result, Task


class TurnedClock:
    """A clock that moves only when it is turned."""

    def __init__(self, now: datetime = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)) -> None:
        self.instant = now

    def now(self) -> datetime:
        """The instant it was turned to."""
        return self.instant

    def turn(self, by: timedelta) -> None:
        """Move the clock."""
        self.instant += by


@dataclass
class FlatEngine:
    """Forecasts the mean of the open days it saw, with a band of ±`spread`; fails if `failure` is set."""

    name: str = "flat"
    factor: float = 1.0
    spread: float = 0.2
    failure: str = ""
    seen: list[SeriesDays] = field(default_factory=list)

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Record the days and fit."""
        self.seen.append(past)
        if self.failure:
            raise FitFailed(self.failure)
        if not past.is_open.any():
            raise FitFailed(f"{self.name}: expected an open day, found none")
        level = float(past.y[past.is_open].mean()) * self.factor
        return FlatFit(level, self.spread)


@dataclass
class FlatFit:
    """A level with a band."""

    level: float
    spread: float

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """The level on open days, 0 on closed ones."""
        level = future.is_open * self.level
        low, high = level * (1 - self.spread), level * (1 + self.spread)
        return SeriesForecast(future.days, level, low, level, high)


def engines(*known: LocalEngine) -> EngineNamed:
    """Return a registry of these engines, with the real one's error for any other."""
    by_name = {engine.name: engine for engine in known}

    def engine_named(name: str, _prior: PooledPrior | None = None) -> LocalEngine:
        if name not in by_name:
            raise EngineUnavailable(f"engine '{name}': expected one of {sorted(by_name)}")
        return by_name[name]

    return engine_named


@dataclass
class InlineCompute:
    """Runs tasks in this process; `losses` times it loses its workers before the last result."""

    engine_named: EngineNamed
    reader: HistoryReader
    losses: int = 0
    tasks: list[Task] = field(default_factory=list)

    def warm(self, prepare: Callable[[], object] | None = None) -> None:
        """Nothing to prepare."""

    def run(
        self, tasks: Sequence[Task], wanted: Callable[[], bool] = always
    ) -> Iterator[TaskOutcome[Task, Result]]:
        """Run one task after another, as long as they are wanted."""
        for task in tasks:
            if not wanted():
                return
            self.tasks.append(task)
            with ThreadPoolExecutor(1) as executor:  # keeps what a task raises, as a pool does
                future = executor.submit(task.run, self.reader, self.engine_named)
            if self.losses and task is tasks[-1]:
                self.losses -= 1
                raise ComputeLost("a worker process died")
            error = future.exception()
            if isinstance(error, Exception):
                yield TaskOutcome(task, error=error)
            else:
                yield TaskOutcome(task, future.result())

    def close(self) -> None:
        """Nothing to release."""
