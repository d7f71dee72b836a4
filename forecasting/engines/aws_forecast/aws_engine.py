"""AWS Forecast as an engine; implements `core.ports.RemoteEngine`."""

from collections import defaultdict
from datetime import timedelta

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.day_arrays import SeriesForecast
from forecasting.core.domain import SeriesKey
from forecasting.core.errors import EngineBusy
from forecasting.core.ports import Clock, RemoteForecasts, RemoteJob, RemoteProgress, StoreForecasts, Ticket
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.backtest_exports import BacktestExports
from forecasting.engines.aws_forecast.dataset_group import require_group
from forecasting.engines.aws_forecast.dataset_imports import DatasetImports
from forecasting.engines.aws_forecast.forecaster import Forecaster
from forecasting.engines.aws_forecast.pipeline import (
    BACKTEST_KEY,
    FORECAST_KEY,
    PREDICTOR_KEY,
    READY,
    Pipeline,
)
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from forecasting.engines.aws_forecast.time_series_rows import SeriesIds, SeriesLayout, sent_series
from forecasting.engines.aws_forecast.trainer import Trainer


class AwsForecastEngine:
    """Trains and forecasts in AWS. It keeps no state: what was started is found in AWS, also after a restart.

    Parameters
    ----------
    settings
        Bucket, group, region and spending limits.
    tolerance
        Age at which a predictor is trained again.
    clock
        Gives the current time, from which ages are computed.
    session
        The session with AWS; by default one is created from the settings.
    """

    def __init__(
        self,
        settings: AwsSettings,
        tolerance: timedelta,
        clock: Clock,
        session: AwsSession | None = None,
    ) -> None:
        self._settings = settings
        self._tolerance = tolerance
        self._clock = clock
        self._session = session or AwsSession(settings)
        self._names = ResourceNames(settings.group)

    @property
    def name(self) -> str:
        """``aws_forecast``."""
        return "aws_forecast"

    @property
    def group(self) -> str:
        """The name of the dataset group."""
        return self._settings.group

    def start(self, job: RemoteJob) -> Ticket:
        """Send the inputs and start importing them, unless AWS already has them.

        Raises
        ------
        EngineUnavailable, EngineBusy
            As in the port.
        InvalidRequest
            If two stores or products would have the same name in AWS.
        """
        group = require_group(self._session, self._names)
        return DatasetImports(self._session, self._settings, group).begin(job)

    def poll(self, job: RemoteJob, ticket: Ticket) -> RemoteProgress:
        """Check the progress, and start the next step if it can start now.

        Raises
        ------
        EngineUnavailable, EngineBusy
            As in the port.
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
        for advance in (pipeline.import_inputs, pipeline.train, pipeline.make_results):
            status = advance()
            if not status.done:
                return RemoteProgress(
                    status.stage, ready=False, remaining=status.remaining, ticket=pipeline.ticket
                )
        return RemoteProgress(READY, ready=True, remaining=None, ticket=pipeline.ticket)

    def fetch(self, job: RemoteJob, ticket: Ticket) -> RemoteForecasts:
        """Fetch the forecasts and, after a training, the windows of its backtest.

        Raises
        ------
        EngineUnavailable, EngineBusy
            As in the port.
        """
        progress = self.poll(job, ticket)
        if not progress.ready:
            raise EngineBusy(f"AWS Forecast: expected a finished forecast, found: {progress.stage}")
        arns = progress.ticket
        group = require_group(self._session, self._names)
        keys = _keys(job, group.layout)
        found: dict[tuple[str, ...], list[SeriesForecast]] = defaultdict(list)
        if job.train:
            windows = BacktestExports(self._session, self._settings, group).read_windows(arns[BACKTEST_KEY])
            for names, forecasts in windows.items():
                found[names] += forecasts
        forecaster = Forecaster(self._session, self._settings, self._clock, group.arn)
        columns = ("item_id", *group.layout.dimensions)
        filters = [dict(zip(columns, names, strict=True)) for names in keys]
        for names, ahead in zip(keys, forecaster.query_all(arns[FORECAST_KEY], filters), strict=True):
            found[names] += [ahead] if ahead is not None else []
        trainer = Trainer(self._session, self._settings, self._clock, group.arn)
        return RemoteForecasts(trainer.describe(arns[PREDICTOR_KEY]).created_at, _by_store(keys, found))


def _keys(job: RemoteJob, layout: SeriesLayout) -> dict[tuple[str, ...], SeriesKey]:
    """Map a series' names in AWS (`item_id`, then the dimensions) to its key."""
    ids = SeriesIds(layout)
    return {
        tuple(ids.ids_of(series.key).values()): series.key
        for store in job.inputs()
        for series in sent_series(store, layout)
    }


def _by_store(
    keys: dict[tuple[str, ...], SeriesKey], found: dict[tuple[str, ...], list[SeriesForecast]]
) -> dict[str, StoreForecasts]:
    """Group the forecasts by store and item. A series without any forecast is left out."""
    stores: dict[str, dict[str, tuple[SeriesForecast, ...]]] = defaultdict(dict)
    for names, key in keys.items():
        if found.get(names):
            stores[key.store][key.item] = tuple(found[names])
    return dict(stores)
