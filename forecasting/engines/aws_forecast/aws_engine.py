"""AWS Forecast behind the port `remote.RemoteEngine`."""

from collections import defaultdict
from datetime import timedelta

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.day_arrays import SeriesForecast
from forecasting.core.domain import SeriesKey
from forecasting.core.errors import EngineBusy
from forecasting.core.ports import (
    Clock,
    RemoteForecasts,
    RemoteJob,
    RemoteProgress,
    StoreForecasts,
    Ticket,
)
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.data import Identities, Layout, sent_series
from forecasting.engines.aws_forecast.exported_backtest import Backtests
from forecasting.engines.aws_forecast.forecaster import Forecaster
from forecasting.engines.aws_forecast.group import require_group
from forecasting.engines.aws_forecast.imports import Imports
from forecasting.engines.aws_forecast.names import Names
from forecasting.engines.aws_forecast.pipeline import EXPORTED, MADE, PREDICTOR, READY, Pipeline
from forecasting.engines.aws_forecast.trainer import Trainer


class AwsForecastEngine:
    """Trains and forecasts in AWS. It remembers nothing: what was begun is found there, also after a restart.

    Parameters
    ----------
    settings
        Where, and how much it may cost.
    tolerance
        Age of a predictor from which on another is trained.
    clock
        Ages are by it.
    session
        To AWS; by default one as the settings say.
    """

    def __init__(
        self,
        settings: AwsSettings,
        tolerance: timedelta,
        clock: Clock,
        session: ForecastSession | None = None,
    ) -> None:
        self._settings = settings
        self._tolerance = tolerance
        self._clock = clock
        self._session = session or ForecastSession(settings)
        self._names = Names(settings.group)

    @property
    def name(self) -> str:
        """``aws_forecast``."""
        return "aws_forecast"

    @property
    def group(self) -> str:
        """The name of the dataset group."""
        return self._settings.group

    def start(self, job: RemoteJob) -> Ticket:
        """Send the inputs and begin to import them, unless they are there.

        Raises
        ------
        EngineUnavailable, EngineBusy
            As the port says.
        InvalidRequest
            If two stores or products would have one name in AWS.
        """
        group = require_group(self._session, self._names)
        return Imports(self._session, self._settings, group).begin(job)

    def poll(self, job: RemoteJob, ticket: Ticket) -> RemoteProgress:
        """Look how far it is, and begin what can be begun now.

        Raises
        ------
        EngineUnavailable, EngineBusy
            As the port says.
        """
        pipeline = Pipeline(
            self._session,
            self._settings,
            self._tolerance,
            self._clock,
            group=require_group(self._session, self._names),
            job=job,
            ticket=ticket,
        )
        for take in (pipeline.imported, pipeline.trained, pipeline.results):
            step = take()
            if not step.done:
                return RemoteProgress(
                    step.stage, ready=False, remaining=step.remaining, ticket=pipeline.ticket
                )
        return RemoteProgress(READY, ready=True, remaining=None, ticket=pipeline.ticket)

    def fetch(self, job: RemoteJob, ticket: Ticket) -> RemoteForecasts:
        """Bring the forecasts and, of a training, the windows of the backtest.

        Raises
        ------
        EngineUnavailable, EngineBusy
            As the port says.
        """
        progress = self.poll(job, ticket)
        if not progress.ready:
            raise EngineBusy(f"AWS Forecast: expected a forecast that is ready, found: {progress.stage}")
        there = progress.ticket
        group = require_group(self._session, self._names)
        keys = _keys(job, group.layout)
        found: dict[tuple[str, ...], list[SeriesForecast]] = defaultdict(list)
        if job.train:
            windows = Backtests(self._session, self._settings, group).windows(there[EXPORTED])
            for names, forecasts in windows.items():
                found[names] += forecasts
        forecaster = Forecaster(self._session, self._settings, self._clock, group.arn)
        columns = ("item_id", *group.layout.dimensions)
        asked = [dict(zip(columns, names, strict=True)) for names in keys]
        for names, ahead in zip(keys, forecaster.query_all(there[MADE], asked), strict=True):
            found[names] += [ahead] if ahead is not None else []
        trainer = Trainer(self._session, self._settings, self._clock, group.arn)
        return RemoteForecasts(trainer.describe(there[PREDICTOR]).created_at, _by_store(keys, found))


def _keys(job: RemoteJob, layout: Layout) -> dict[tuple[str, ...], SeriesKey]:
    """Our series by their names in AWS: `item_id`, then the dimensions."""
    identities = Identities(layout)
    return {
        tuple(identities.of(series.key).values()): series.key
        for store in job.inputs()
        for series in sent_series(store, layout)
    }


def _by_store(
    keys: dict[tuple[str, ...], SeriesKey], found: dict[tuple[str, ...], list[SeriesForecast]]
) -> dict[str, StoreForecasts]:
    """What was found, by our names; a series of which nothing was is left out."""
    stores: dict[str, dict[str, tuple[SeriesForecast, ...]]] = defaultdict(dict)
    for names, key in keys.items():
        if found.get(names):
            stores[key.store][key.item] = tuple(found[names])
    return dict(stores)
