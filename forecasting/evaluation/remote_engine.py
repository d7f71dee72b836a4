"""Engines that train and forecast elsewhere, for a whole group of stores at once (ADR 0014).

What such an engine brings back is a table of forecasts: of the days to come, and of the windows of its own
backtest. From then on it is judged, calibrated and published like any other (`Fetched`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

import numpy as np

from forecasting.calendar.inputs import StoreInputs
from forecasting.core.day_arrays import IntArray, SeriesDays, SeriesForecast, day_of
from forecasting.core.errors import FitFailed
from forecasting.core.ports import FittedSeries

StoreForecasts = Mapping[str, tuple[SeriesForecast, ...]]
"""What was fetched for one store: of each item, the windows of the backtest and the days to come.

As they came: values may be missing (NaN), negative or out of order.
"""

Ticket = Mapping[str, str]
"""What a job has begun elsewhere, by what it is; kept in the ledger with its run."""


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """What one run asks of a remote engine; the same after a restart.

    Attributes
    ----------
    run_id
        The run.
    requested_at
        When it was asked for (UTC).
    train
        Whether a predictor is to be trained; else the newest one forecasts from the newest inputs.
    trained_before
        When the predictor was trained in view of which it was asked for; None where there was none. One
        trained later than that, within the tolerance, need not be trained again.
    inputs_hash
        Of the values of all stores: inputs of the same hash need not be sent twice.
    horizon
        Days to forecast.
    series
        How many series there are.
    inputs
        Reads the stores' inputs, one after the other, every time the same. Stores without a series are left
        out.
    """

    run_id: str
    requested_at: datetime
    train: bool
    trained_before: datetime | None
    inputs_hash: str
    horizon: int
    series: int
    inputs: Callable[[], Iterator[StoreInputs]]


@dataclass(frozen=True, slots=True)
class RemoteProgress:
    """How far a job is.

    Attributes
    ----------
    stage
        What happens now, in planners' words, such as ``Training in AWS``.
    ready
        Whether its forecasts can be fetched.
    remaining
        How much longer the present stage takes, as the engine says; None where it does not.
    ticket
        What it has begun so far.
    """

    stage: str
    ready: bool
    remaining: timedelta | None
    ticket: Ticket = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetch:
    """What a job that is ready left.

    Attributes
    ----------
    trained_at
        When its predictor was trained (UTC).
    stores
        The forecasts of each store, by the names the stores have here.
    """

    trained_at: datetime
    stores: Mapping[str, StoreForecasts]


class RemoteEngine(Protocol):
    """Trains and forecasts elsewhere; each method may be called again, and repeats nothing."""

    @property
    def name(self) -> str:
        """The name shown to planners and stored with every forecast."""
        ...

    @property
    def group(self) -> str:
        """The name of the group of stores it trains together."""
        ...

    def start(self, job: RemoteJob) -> Ticket:
        """Send what is not there yet and begin; what was begun before is found and not begun again.

        Raises
        ------
        EngineUnavailable
            If it is not to be had, or refuses; says why.
        EngineBusy
            If the same may well succeed a little later.
        """
        ...

    def poll(self, job: RemoteJob, ticket: Ticket) -> RemoteProgress:
        """Look how far it is, and begin what can be begun now.

        Raises
        ------
        EngineUnavailable, EngineBusy
            As `start`.
        """
        ...

    def fetch(self, job: RemoteJob, ticket: Ticket) -> Fetch:
        """Bring the forecasts of a job that is ready.

        Raises
        ------
        EngineUnavailable, EngineBusy
            As `start`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched for one series, as a `ports.LocalEngine`: fitting looks for the forecast made there.

    Attributes
    ----------
    forecasts
        As in `StoreForecasts`.
    """

    name: str
    forecasts: Sequence[SeriesForecast] = ()

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Keep the forecasts that were made without knowing what followed this history.

        Raises
        ------
        FitFailed
            If there is none.
        """
        last = int(past.days[-1])
        made = tuple(each for each in self.forecasts if len(each) and each.days[0] > last)
        if not made:
            raise FitFailed(f"{self.name} has no forecast from {day_of(last + 1)} on")
        return FetchedSeries(self.name, made)


@dataclass(frozen=True, slots=True)
class Brought:
    """What a remote engine brought for one store."""

    engine: str
    items: StoreForecasts

    def fetched(self, item: str) -> Fetched:
        """The engine of one series."""
        return Fetched(self.engine, self.items.get(item, ()))

    def tried(self, item: str, past: SeriesDays) -> tuple[tuple[date, int], ...]:
        """Cutoff and days of each window of its backtest that lies wholly in a history, the oldest first."""
        made = sorted(self.items.get(item, ()), key=lambda each: int(each.days[0]))
        return tuple(
            (day_of(int(each.days[0]) - 1), len(each))
            for each in made
            if past.days[0] < each.days[0] and each.days[-1] <= past.days[-1]
        )


@dataclass(frozen=True, slots=True)
class FetchedSeries:
    """The forecasts of one series that follow a history."""

    name: str
    made: tuple[SeriesForecast, ...]

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """The days asked for, cleaned: nothing negative, quantiles in order, closed days exactly 0.

        Raises
        ------
        FitFailed
            If a day or the value of an open day is missing.
        """
        at, made = self._covering(future)
        values = np.vstack([made.mean[at], made.q10[at], made.q50[at], made.q90[at]])
        missing = future.is_open & ~np.isfinite(values).all(axis=0)
        if missing.any():
            day = day_of(int(future.days[missing][0]))
            raise FitFailed(
                f"{self.name} has no complete value for {day}: one of mean, p10, p50, p90 is missing"
            )
        values = np.where(future.is_open, np.maximum(values, 0.0), 0.0)
        low, middle, high = np.sort(values[1:], axis=0)
        return SeriesForecast(future.days, values[0], low, middle, high)

    def _covering(self, future: SeriesDays) -> tuple[IntArray, SeriesForecast]:
        """The forecast that has the days, and where."""
        missing = future.days
        for made in self.made:
            at = np.minimum(np.searchsorted(made.days, future.days), len(made) - 1)
            there = made.days[at] == future.days
            if there.all():
                return at, made
            missing = min(missing, future.days[~there], key=len)
        raise FitFailed(f"{self.name} has no value for {day_of(int(missing[0]))}")
