"""Forecasts of the dataset group: which there are, and what they say."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.core.day_arrays import SeriesForecast
from forecasting.core.domain import ALL_ITEMS
from forecasting.core.errors import EngineBusy, EngineError, EngineUnavailable, NoForecastYet, UnknownSeries
from forecasting.engines.aws_forecast.connection import QUERIES
from forecasting.engines.aws_forecast.data import STORE, VALUES, day_numbers
from forecasting.engines.aws_forecast.faults import NotThere, Refused
from forecasting.engines.aws_forecast.group import InGroup, require_group
from forecasting.engines.aws_forecast.jobs import FORECAST, Job, metadata
from forecasting.engines.aws_forecast.names import is_candidate, normalised

KEPT_FOR = timedelta(days=30)
"""How long AWS answers for a forecast."""


class Forecaster(InGroup):
    """Reads forecasts in AWS."""

    def forecasts(self) -> list[Job]:
        """All forecasts of the group, whoever made them, newest first; none where there is no group."""
        arn = self._found_group()
        return FORECAST.listed(self._session, DatasetGroupArn=arn) if arn else []

    def get_df_forecast_metadata(self) -> pd.DataFrame:
        """The forecasts of the group, newest first, as `jobs.metadata` has them."""
        return metadata(self.forecasts(), self._names)

    def get_latest_forecast(self) -> Job | None:
        """The newest good forecast that AWS still answers for."""
        return next((job for job in self.forecasts() if job.active and self.answers_for(job)), None)

    def answers_for(self, job: Job) -> bool:
        """Whether a forecast is young enough to be read."""
        return self._clock.now() - job.created_at < KEPT_FOR

    def usable(self, predictor_arn: str, inputs_hash: str, since: datetime) -> Job | None:
        """A forecast of a predictor from inputs, good or being made.

        Parameters
        ----------
        since
            An older one was made from something else.
        """
        name = self._names.forecast(predictor_arn, inputs_hash)
        same = (job for job in self.forecasts() if is_candidate(job.name, name) and job.created_at >= since)
        return next((job for job in same if job.busy or (job.active and self.answers_for(job))), None)

    def get_forecast(
        self, store_id: str, item_id: str | None = None, start: date | None = None, end: date | None = None
    ) -> pd.DataFrame:
        """What the newest forecast says of one series.

        Parameters
        ----------
        store_id, item_id
            By their names here; by default the store's total.
        start, end
            First and last day; by default all there are.

        Returns
        -------
        pandas.DataFrame
            ``ds`` (datetime64), ``mean``, ``q10``, ``q50``, ``q90`` (float64) as AWS has them: NaN where it
            has no value, and not corrected where one is negative.

        Raises
        ------
        NoForecastYet
            If there is no forecast.
        UnknownSeries
            If it has none of this series, or of these days.
        EngineBusy
            If it was deleted meanwhile.
        """
        latest = self.get_latest_forecast()
        if latest is None:
            raise NoForecastYet("AWS Forecast: expected a forecast that is ready, found none")
        layout = require_group(self._session, self._names).layout
        store, item = normalised(store_id), normalised(item_id or ALL_ITEMS)
        names = {"item_id": item, STORE: store} if layout.by_store else {"item_id": store}
        try:
            return self.query(latest.arn, names, start, end).frame()
        except (NotThere, Refused) as error:
            what = f"product {item_id} of store {store_id}" if item_id else f"store {store_id}"
            self._require_there(latest.arn)
            raise UnknownSeries(f"AWS Forecast: expected a forecast of {what}, found: {error}") from error

    def query(
        self, arn: str, names: Mapping[str, str], start: date | None = None, end: date | None = None
    ) -> SeriesForecast:
        """What a forecast says of one series, by its names in AWS.

        Raises
        ------
        NotThere
            If it has none of this series, or is not there.
        """
        asked = {"StartDate": start, "EndDate": end}
        days = {key: f"{day:%Y-%m-%d}T00:00:00" for key, day in asked.items() if day}
        answer = self._session.query(ForecastArn=arn, Filters=dict(names), **days)
        return _read(answer["Forecast"].get("Predictions", {}))

    def query_all(self, arn: str, series: Sequence[Mapping[str, str]]) -> list[SeriesForecast | None]:
        """What a forecast says of many series, in their order; None where it has none.

        Raises
        ------
        EngineBusy
            If it was deleted meanwhile.
        EngineUnavailable
            If it has none of them.
        """
        with ThreadPoolExecutor(QUERIES, thread_name_prefix="aws") as pool:
            found = _results(pool, [pool.submit(self._one, arn, names) for names in series])
        refused = [each for each in found if isinstance(each, EngineUnavailable)]
        if refused:
            self._require_there(arn)
        if refused and len(refused) == len(found):  # it is not the series that is wrong
            raise refused[0]
        return [None if isinstance(each, EngineUnavailable) else each for each in found]

    def _one(self, arn: str, names: Mapping[str, str]) -> SeriesForecast | EngineUnavailable:
        try:
            return self.query(arn, names)
        except (NotThere, Refused) as error:  # AWS does not document which of them an unknown series is
            return error

    def _require_there(self, arn: str) -> None:
        try:
            there = FORECAST.described(self._session, arn).active
        except NotThere:
            there = False
        if not there:
            raise EngineBusy("AWS Forecast: the forecast was deleted before it was read; it is made again")


def _results(
    pool: ThreadPoolExecutor, futures: Sequence[Future[SeriesForecast | EngineUnavailable]]
) -> list[SeriesForecast | EngineUnavailable]:
    try:
        return [each.result() for each in futures]
    except EngineError:
        pool.shutdown(wait=False, cancel_futures=True)  # what is asked for is thrown away anyway
        raise


def _read(predictions: Mapping[str, Sequence[Mapping[str, object]]]) -> SeriesForecast:
    """An answer: of each quantile the days it has, of which some may lack, as may whole quantiles."""
    values = {
        ours: pd.Series({str(each["Timestamp"]): each.get("Value") for each in predictions.get(theirs, ())})
        for ours, theirs in VALUES.items()
    }
    stamps = sorted({stamp for each in values.values() for stamp in each.index})
    columns = {ours: each.reindex(stamps).to_numpy(np.float64) for ours, each in values.items()}
    return SeriesForecast(day_numbers(stamps), **columns)
