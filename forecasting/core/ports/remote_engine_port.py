"""The port for engines that train and forecast elsewhere, for a group of stores at once (ADR 0014)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from forecasting.core.day_arrays import SeriesForecast
from forecasting.core.store_inputs import StoreInputs

StoreForecasts = Mapping[str, tuple[SeriesForecast, ...]]
"""A remote engine's forecasts for one store, by item: its backtest windows, and the days to forecast.

They are not checked or cleaned: values may be missing (NaN), negative or out of order.
"""

Ticket = Mapping[str, str]
"""Names of what a job has created at the remote engine, by kind; stored with the run so that a restart
finds them again."""


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """What one run asks of a remote engine; the same after a restart.

    Attributes
    ----------
    run_id
        The run.
    requested_at
        When the run was requested (UTC).
    train
        Whether to train a predictor. If not, the newest predictor forecasts from the newest inputs.
    trained_before
        When the predictor was trained that the requester saw (UTC); None if there was none. If a newer one
        exists and is within the tolerance, nothing is trained.
    inputs_hash
        Hash of the inputs of all stores. Inputs with the same hash need not be uploaded twice.
    horizon
        Days to forecast.
    series
        Number of series.
    inputs
        Reads the inputs of one store after another, in the same order every time. Stores without a series
        are left out.
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
    """How far a job has come.

    Attributes
    ----------
    stage
        What is happening now, in planners' words, such as ``Training in AWS``.
    ready
        Whether its forecasts can be fetched.
    remaining
        How long the present stage will take, according to the engine; None if it gives no estimate.
    ticket
        What it has created so far.
    """

    stage: str
    ready: bool
    remaining: timedelta | None
    ticket: Ticket = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoteForecasts:
    """The forecasts of a job that is ready.

    Attributes
    ----------
    trained_at
        When the predictor was trained (UTC).
    stores
        The forecasts of each store, by the store's own name.
    """

    trained_at: datetime
    stores: Mapping[str, StoreForecasts]


class RemoteEngine(Protocol):
    """Trains and forecasts elsewhere. Every method may be called again; none does its work twice."""

    @property
    def name(self) -> str:
        """The name shown to planners and stored with every forecast."""
        ...

    @property
    def group(self) -> str:
        """The name of the group of stores it trains together."""
        ...

    def start(self, job: RemoteJob) -> Ticket:
        """Upload missing inputs and start the job, or find what an earlier call has started.

        Raises
        ------
        EngineUnavailable
            If the engine can't be reached or refuses; the message says why.
        EngineBusy
            If the same call may succeed a little later.
        """
        ...

    def poll(self, job: RemoteJob, ticket: Ticket) -> RemoteProgress:
        """Check how far the job has come, and start its next step if that is possible now.

        Raises
        ------
        EngineUnavailable, EngineBusy
            As `start`.
        """
        ...

    def fetch(self, job: RemoteJob, ticket: Ticket) -> RemoteForecasts:
        """Download the forecasts of a job that is ready.

        Raises
        ------
        EngineUnavailable, EngineBusy
            As `start`.
        """
        ...
