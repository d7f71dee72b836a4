"""Stand-ins that mirror the real adapters: a clock to turn, engines to hold, compute without processes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pandas as pd

from forecasting.errors import ComputeLost, EngineUnavailable, FitFailed
from forecasting.evaluation.selection import SeriesResult, SeriesTask, run_task
from forecasting.ports import FittedSeries, LocalEngine


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self, now: datetime = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)) -> None:
        self.instant = now

    def now(self) -> datetime:
        """The instant it was turned to."""
        return self.instant

    def turn(self, by: timedelta) -> None:
        """Let time pass."""
        self.instant += by


@dataclass
class FlatEngine:
    """Forecasts the mean of the open days it saw, with a band of ±`spread`; fails where told to."""

    name: str = "flat"
    factor: float = 1.0
    spread: float = 0.2
    failure: str = ""
    seen: list[pd.DataFrame] = field(default_factory=list)

    def fit(self, history: pd.DataFrame) -> FittedSeries:
        """Remember what was shown."""
        self.seen.append(history.copy())
        if self.failure:
            raise FitFailed(self.failure)
        if not history["is_open"].any():
            raise FitFailed(f"{self.name}: expected an open day, found none")
        level = float(history.loc[history["is_open"], "y"].mean()) * self.factor
        return FlatFit(level, self.spread)


@dataclass
class FlatFit:
    """A level with a band."""

    level: float
    spread: float

    def forecast(self, future: pd.DataFrame) -> pd.DataFrame:
        """The level on open days, 0 on closed ones."""
        level = future["is_open"].to_numpy(float) * self.level
        low, high = level * (1 - self.spread), level * (1 + self.spread)
        return pd.DataFrame(
            {"ds": future["ds"].to_numpy(), "mean": level, "q10": low, "q50": level, "q90": high}
        )


def engines(*known: LocalEngine) -> Callable[[str], LocalEngine]:
    """Mirror the registry: engines by name, and the same error for one that isn't there."""
    by_name = {engine.name: engine for engine in known}

    def engine_named(name: str) -> LocalEngine:
        if name not in by_name:
            raise EngineUnavailable(f"engine '{name}': expected one of {sorted(by_name)}")
        return by_name[name]

    return engine_named


@dataclass
class InlineCompute:
    """Runs tasks here and now; loses its workers as often as told, after the first result of a run."""

    engine_named: Callable[[str], LocalEngine]
    losses: int = 0
    tasks: list[SeriesTask] = field(default_factory=list)

    def run(self, tasks: Sequence[SeriesTask]) -> Iterator[SeriesResult]:
        """Do one task after another."""
        for task in tasks:
            self.tasks.append(task)
            yield run_task(task, self.engine_named)
            if self.losses:
                self.losses -= 1
                raise ComputeLost("a worker process died")

    def close(self) -> None:
        """Nothing to end."""
