"""Backtests of predictors: AWS exports its forecasts of windows in the past to the bucket."""

import io
from collections.abc import Iterator, Mapping
from functools import partial

import pandas as pd

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.day_arrays import SeriesForecast
from forecasting.core.errors import EngineUnavailable
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.bucket_paths import backtest_key, s3_uri
from forecasting.engines.aws_forecast.dataset_group import DatasetGroup, role_arn
from forecasting.engines.aws_forecast.resource_names import ResourceNames, is_candidate
from forecasting.engines.aws_forecast.resources import BACKTEST, AwsResource, create_once
from forecasting.engines.aws_forecast.time_series_rows import STORE, VALUES, day_numbers

WINDOW = "backtestwindow_start_time"
FOLDER = "forecasted-values"
"""Where an export has the forecasts; for_group it are measures of accuracy."""

Windows = Mapping[tuple[str, ...], tuple[SeriesForecast, ...]]
"""The windows of each series, earliest first, by `item_id` and the dimensions."""


class BacktestExports:
    """The backtest exports of one dataset group.

    Parameters
    ----------
    session
        The session with AWS.
    settings
        The bucket they are written to.
    group
        The dataset group of the predictors.
    """

    def __init__(self, session: AwsSession, settings: AwsSettings, group: DatasetGroup) -> None:
        self._session = session
        self._settings = settings
        self._group = group
        self._names = ResourceNames(settings.group)

    def begin(self, predictor_arn: str) -> str:
        """Start the export of a predictor's backtest, unless it exists; return the ARN of the export."""
        name = self._names.backtest(predictor_arn)
        list_exports = partial(BACKTEST.list_all, self._session, PredictorArn=predictor_arn)
        same = (job for job in list_exports() if is_candidate(job.name, name))
        existing = next((job for job in same if job.busy or job.active), None)
        return (
            existing.arn
            if existing
            else create_once(name, partial(self._create, predictor_arn), list_exports)
        )

    def describe(self, arn: str) -> AwsResource:
        """Return the current state of an export.

        Raises
        ------
        EngineUnavailable
            If the export failed.
        """
        return BACKTEST.describe(self._session, arn).require_not_failed("the export of the backtest")

    def read_windows(self, arn: str) -> Windows:
        """Return the forecasts in a finished export, unchanged: values may be missing or negative.

        Raises
        ------
        EngineUnavailable
            If the export has no files.
        """
        folder = f"{backtest_key(self._settings, self.describe(arn).name)}/{FOLDER}/"
        parts = [self._read_part(key) for key in self._session.list_keys(folder) if key.endswith(".csv")]
        if not parts:
            found = s3_uri(self._settings, folder)
            raise EngineUnavailable(f"AWS Forecast: expected the backtest in {found}, found nothing")
        return dict(_windows(pd.concat(parts, ignore_index=True)))

    def _create(self, predictor_arn: str, name: str) -> str:
        location = {
            "Path": s3_uri(self._settings, backtest_key(self._settings, name)),
            "RoleArn": role_arn(self._settings, self._group.arn),
        }
        answer = self._session.call(
            "create_predictor_backtest_export_job",
            PredictorBacktestExportJobName=name,
            PredictorArn=predictor_arn,
            Destination={"S3Config": location},
            Format="CSV",
        )
        return str(answer["PredictorBacktestExportJobArn"])

    def _read_part(self, key: str) -> pd.DataFrame:
        text = io.BytesIO(self._session.read_object(key))
        names = ("item_id", STORE, "timestamp", WINDOW)
        return pd.read_csv(text, dtype=dict.fromkeys(names, "str"), keep_default_na=True, na_values=[""])


def _windows(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], tuple[SeriesForecast, ...]]]:
    series = ["item_id", *([STORE] if STORE in rows else [])]
    rows = rows.sort_values([*series, WINDOW, "timestamp"])
    for names, series_rows in rows.groupby(series, sort=False):
        windows = (_forecast(window) for _, window in series_rows.groupby(WINDOW, sort=True))
        yield tuple(str(name) for name in names), tuple(windows)


def _forecast(rows: pd.DataFrame) -> SeriesForecast:
    values = rows.reindex(columns=list(VALUES.values())).astype("float64")
    columns = {ours: values[theirs].to_numpy() for ours, theirs in VALUES.items()}
    return SeriesForecast(day_numbers(rows["timestamp"].tolist()), **columns)
