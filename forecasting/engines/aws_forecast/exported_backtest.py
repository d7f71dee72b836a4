"""The backtest of a predictor: AWS writes what it forecast of windows of the past into the bucket."""

import io
from collections.abc import Iterator, Mapping
from functools import partial

import pandas as pd

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.day_arrays import SeriesForecast
from forecasting.core.errors import EngineUnavailable
from forecasting.engines.aws_forecast.bucket_paths import address, backtest_key
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.data import STORE, VALUES, day_numbers
from forecasting.engines.aws_forecast.group import DatasetGroup, role_arn
from forecasting.engines.aws_forecast.jobs import BACKTEST, Job, begun
from forecasting.engines.aws_forecast.names import Names, is_candidate

WINDOW = "backtestwindow_start_time"
FOLDER = "forecasted-values"
"""Where an export has the forecasts; beside it are measures of accuracy."""

Windows = Mapping[tuple[str, ...], tuple[SeriesForecast, ...]]
"""The windows of each series, by `item_id` and the dimensions, the earliest first."""


class Backtests:
    """Exports of backtests.

    Parameters
    ----------
    session
        To AWS.
    settings
        Where they are written.
    group
        Whose predictors' they are.
    """

    def __init__(self, session: ForecastSession, settings: AwsSettings, group: DatasetGroup) -> None:
        self._session = session
        self._settings = settings
        self._group = group
        self._names = Names(settings.group)

    def begin(self, predictor_arn: str) -> str:
        """Have a predictor's backtest written, unless it is; ARN of the export."""
        name = self._names.backtest(predictor_arn)
        listed = partial(BACKTEST.listed, self._session, PredictorArn=predictor_arn)
        same = (job for job in listed() if is_candidate(job.name, name))
        there = next((job for job in same if job.busy or job.active), None)
        return there.arn if there else begun(name, partial(self._create, predictor_arn), listed)

    def described(self, arn: str) -> Job:
        """How far an export is.

        Raises
        ------
        EngineUnavailable
            If it failed.
        """
        return BACKTEST.described(self._session, arn).require_good("the export of the backtest")

    def windows(self, arn: str) -> Windows:
        """What an export that is ready says, as it is: values may be missing or negative.

        Raises
        ------
        EngineUnavailable
            If there is nothing.
        """
        folder = f"{backtest_key(self._settings, self.described(arn).name)}/{FOLDER}/"
        parts = [self._part(key) for key in self._session.keys(folder) if key.endswith(".csv")]
        if not parts:
            found = address(self._settings, folder)
            raise EngineUnavailable(f"AWS Forecast: expected the backtest in {found}, found nothing")
        return dict(_windows(pd.concat(parts, ignore_index=True)))

    def _create(self, predictor_arn: str, name: str) -> str:
        place = {
            "Path": address(self._settings, backtest_key(self._settings, name)),
            "RoleArn": role_arn(self._settings, self._group.arn),
        }
        answer = self._session.ask(
            "create_predictor_backtest_export_job",
            PredictorBacktestExportJobName=name,
            PredictorArn=predictor_arn,
            Destination={"S3Config": place},
            Format="CSV",
        )
        return str(answer["PredictorBacktestExportJobArn"])

    def _part(self, key: str) -> pd.DataFrame:
        text = io.BytesIO(self._session.read(key))
        names = ("item_id", STORE, "timestamp", WINDOW)
        return pd.read_csv(text, dtype=dict.fromkeys(names, "str"), keep_default_na=True, na_values=[""])


def _windows(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], tuple[SeriesForecast, ...]]]:
    series = ["item_id", *([STORE] if STORE in rows else [])]
    rows = rows.sort_values([*series, WINDOW, "timestamp"])
    for names, whole in rows.groupby(series, sort=False):
        windows = (_forecast(window) for _, window in whole.groupby(WINDOW, sort=True))
        yield tuple(str(name) for name in names), tuple(windows)


def _forecast(rows: pd.DataFrame) -> SeriesForecast:
    values = rows.reindex(columns=list(VALUES.values())).astype("float64")
    columns = {ours: values[theirs].to_numpy() for ours, theirs in VALUES.items()}
    return SeriesForecast(day_numbers(rows["timestamp"].tolist()), **columns)
