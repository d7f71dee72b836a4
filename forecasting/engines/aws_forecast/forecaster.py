"""Find and query the forecasts of the dataset group."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.core.day_arrays import SeriesForecast
from forecasting.core.domain import ALL_ITEMS
from forecasting.core.errors import EngineBusy, EngineError, EngineUnavailable, NoForecastYet, UnknownSeries
from forecasting.engines.aws_forecast.aws_errors import RequestRefused, ResourceNotFound
from forecasting.engines.aws_forecast.aws_session import QUERIES
from forecasting.engines.aws_forecast.dataset_group import GroupClient, require_group
from forecasting.engines.aws_forecast.resource_names import is_candidate, normalise
from forecasting.engines.aws_forecast.resources import FORECAST, AwsResource, resource_table
from forecasting.engines.aws_forecast.time_series_rows import STORE, VALUES, day_numbers

QUERYABLE_FOR = timedelta(days=30)
"""How long AWS keeps a forecast available for queries."""


class Forecaster(GroupClient):
    """Finds and queries forecasts in AWS."""

    def forecasts(self) -> list[AwsResource]:
        """Return the group's forecasts, whoever created them, newest first; none if there is no group."""
        arn = self._find_group()
        return FORECAST.list_all(self._session, DatasetGroupArn=arn) if arn else []

    def get_df_forecast_metadata(self) -> pd.DataFrame:
        """Return the forecasts of the group, newest first, as a `resources.resource_table`."""
        return resource_table(self.forecasts(), self._names)

    def get_latest_forecast(self) -> AwsResource | None:
        """Return the newest active forecast that can still be queried."""
        return next((job for job in self.forecasts() if job.active and self.is_queryable(job)), None)

    def is_queryable(self, job: AwsResource) -> bool:
        """Return whether a forecast is young enough to be queried."""
        return self._clock.now() - job.created_at < QUERYABLE_FOR

    def usable(self, predictor_arn: str, inputs_hash: str, since: datetime) -> AwsResource | None:
        """Return a predictor's forecast from certain inputs that is active or being created.

        Parameters
        ----------
        since
            Ignore forecasts created before that: they were made from other imports.
        """
        name = self._names.forecast(predictor_arn, inputs_hash)
        same = (job for job in self.forecasts() if is_candidate(job.name, name) and job.created_at >= since)
        return next((job for job in same if job.busy or (job.active and self.is_queryable(job))), None)

    def get_forecast(
        self, store_id: str, item_id: str | None = None, start: date | None = None, end: date | None = None
    ) -> pd.DataFrame:
        """Return the newest forecast of one series.

        Parameters
        ----------
        store_id, item_id
            Our names. Without an item, the store's total.
        start, end
            First and last day; by default all days of the forecast.

        Returns
        -------
        pandas.DataFrame
            ``ds`` (datetime64), ``mean``, ``q10``, ``q50``, ``q90`` (float64) as AWS has them: NaN if a
            value is missing, and negative values are not corrected.

        Raises
        ------
        NoForecastYet
            If there is no usable forecast.
        UnknownSeries
            If the forecast has no such series or days.
        EngineBusy
            If the forecast was deleted in the meantime.
        """
        latest = self.get_latest_forecast()
        if latest is None:
            raise NoForecastYet("AWS Forecast: expected a finished forecast, found none")
        layout = require_group(self._session, self._names).layout
        store, item = normalise(store_id), normalise(item_id or ALL_ITEMS)
        names = {"item_id": item, STORE: store} if layout.by_store else {"item_id": store}
        try:
            return self.query(latest.arn, names, start, end).frame()
        except (ResourceNotFound, RequestRefused) as error:
            what = f"product {item_id} of store {store_id}" if item_id else f"store {store_id}"
            self._require_active(latest.arn)
            raise UnknownSeries(f"AWS Forecast: expected a forecast of {what}, found: {error}") from error

    def query(
        self, arn: str, names: Mapping[str, str], start: date | None = None, end: date | None = None
    ) -> SeriesForecast:
        """Return a forecast of one series, given the series' ids in AWS.

        Raises
        ------
        ResourceNotFound
            If the forecast does not exist or lacks the series.
        """
        limits = {"StartDate": start, "EndDate": end}
        days = {key: f"{day:%Y-%m-%d}T00:00:00" for key, day in limits.items() if day}
        answer = self._session.query_forecast(ForecastArn=arn, Filters=dict(names), **days)
        return _parse(answer["Forecast"].get("Predictions", {}))

    def query_all(self, arn: str, series: Sequence[Mapping[str, str]]) -> list[SeriesForecast | None]:
        """Return a forecast of many series, in their order; None for a series it lacks.

        Raises
        ------
        EngineBusy
            If the forecast was deleted in the meantime.
        EngineUnavailable
            If the forecast lacks all of them.
        """
        with ThreadPoolExecutor(QUERIES, thread_name_prefix="aws") as pool:
            found = _results(pool, [pool.submit(self._query_one, arn, names) for names in series])
        refused = [each for each in found if isinstance(each, EngineUnavailable)]
        if refused:
            self._require_active(arn)
        if refused and len(refused) == len(found):  # the cause is not a single series
            raise refused[0]
        return [None if isinstance(each, EngineUnavailable) else each for each in found]

    def _query_one(self, arn: str, names: Mapping[str, str]) -> SeriesForecast | EngineUnavailable:
        try:
            return self.query(arn, names)
        except (
            ResourceNotFound,
            RequestRefused,
        ) as error:  # AWS does not document which one an unknown series gives
            return error

    def _require_active(self, arn: str) -> None:
        try:
            active = FORECAST.describe(self._session, arn).active
        except ResourceNotFound:
            active = False
        if not active:
            raise EngineBusy(
                "AWS Forecast: the forecast was deleted before it was read; it will be created again"
            )


def _results(
    pool: ThreadPoolExecutor, futures: Sequence[Future[SeriesForecast | EngineUnavailable]]
) -> list[SeriesForecast | EngineUnavailable]:
    try:
        return [each.result() for each in futures]
    except EngineError:
        pool.shutdown(wait=False, cancel_futures=True)  # the other results are not needed any more
        raise


def _parse(predictions: Mapping[str, Sequence[Mapping[str, object]]]) -> SeriesForecast:
    """Read an answer. Days of a quantile may be missing, and whole quantiles as well."""
    values = {
        ours: pd.Series({str(each["Timestamp"]): each.get("Value") for each in predictions.get(theirs, ())})
        for ours, theirs in VALUES.items()
    }
    stamps = sorted({stamp for each in values.values() for stamp in each.index})
    columns = {ours: each.reindex(stamps).to_numpy(np.float64) for ours, each in values.items()}
    return SeriesForecast(day_numbers(stamps), **columns)
