"""A remote engine whose every step the test decides."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.errors import StorecastError
from forecasting.core.ports import (
    Clock,
    RemoteForecasts,
    RemoteJob,
    RemoteProgress,
    StoreForecasts,
    Ticket,
)
from forecasting.core.store_inputs import SeriesInputs, StoreInputs
from tests.fakes import TurnedClock

GROUP = "storecast"


@dataclass
class FakeRemote:
    """Trains as long as `remaining` says; forecasts `level` times the mean of the inputs it was sent.

    Attributes
    ----------
    remaining
        What it says of how much longer it takes; None for done.
    error
        What its next call raises, once.
    windows
        Windows of its backtest.
    """

    clock: Clock = field(default_factory=TurnedClock)
    remaining: timedelta | None = None
    error: StorecastError | None = None
    windows: int = 2
    level: float = 1.0
    name: str = "aws_forecast"
    group: str = GROUP
    spoilt: Callable[[StoreForecasts], StoreForecasts] = lambda made: made
    started: list[RemoteJob] = field(default_factory=list)
    polled: list[Ticket] = field(default_factory=list)
    sent: dict[str, list[StoreInputs]] = field(default_factory=dict)

    def start(self, job: RemoteJob) -> Ticket:
        """Record the job and read its inputs."""
        self._break()
        self.started.append(job)
        self.sent[job.inputs_hash] = list(job.inputs())
        return {"predictor": f"predictor-{len(self.started)}"}

    def poll(self, job: RemoteJob, ticket: Ticket) -> RemoteProgress:
        """Return the progress the test has set."""
        del job
        self._break()
        self.polled.append(ticket)
        ready = self.remaining is None
        return RemoteProgress("Training in AWS", ready, self.remaining, {**ticket, "forecast": "f"})

    def fetch(self, job: RemoteJob, ticket: Ticket) -> RemoteForecasts:
        """Forecast the inputs it was sent."""
        del ticket
        self._break()
        made = {each.store: self._of_store(each) for each in self.sent[job.inputs_hash]}
        return RemoteForecasts(self.clock.now(), {store: self.spoilt(each) for store, each in made.items()})

    def _of_store(self, inputs: StoreInputs) -> StoreForecasts:
        return {each.key.item: self._of_series(each) for each in inputs.series}

    def _of_series(self, inputs: SeriesInputs) -> tuple[SeriesForecast, ...]:
        past, horizon = inputs.past, len(inputs.future)
        ends = [len(past) - horizon * back for back in reversed(range(1, self.windows + 1))]
        tried = [self._forecast(past[:end], past[end : end + horizon]) for end in ends]
        return (*tried, self._forecast(past, inputs.future))

    def _forecast(self, past: SeriesDays, future: SeriesDays) -> SeriesForecast:
        shape = np.array([_usual(past, day) for day in future.weekday]) * self.level
        return SeriesForecast(future.days, shape, shape, shape, shape)

    def _break(self) -> None:
        if self.error is not None:
            error, self.error = self.error, None
            raise error


def _usual(past: SeriesDays, weekday: int) -> float:
    return float(past.y[past.weekday == weekday][-4:].mean())
