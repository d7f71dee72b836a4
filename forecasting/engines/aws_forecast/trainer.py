"""Find the predictors of the dataset group, and start new ones."""

from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

import pandas as pd

from forecasting.engines.aws_forecast.aws_errors import RequestRefused, ResourceNotFound
from forecasting.engines.aws_forecast.aws_session import Description
from forecasting.engines.aws_forecast.cleanup import GroupCleanup
from forecasting.engines.aws_forecast.dataset_group import GroupClient, require_group
from forecasting.engines.aws_forecast.resource_names import is_candidate
from forecasting.engines.aws_forecast.resources import (
    FORECAST,
    PREDICTOR,
    AwsResource,
    create_once,
    resource_table,
)
from forecasting.engines.aws_forecast.time_series_rows import ATTRIBUTES, FORECAST_TYPES, FREQUENCY

TOLERANCE_DAYS = 2


class PredictorState(StrEnum):
    """The state of the group's predictors."""

    NONE = "no predictor yet"
    TRAINING = "training"
    WITHIN_TOLERANCE = "trained within the tolerance"
    PAST_TOLERANCE = "trained before the tolerance"
    FAILED = "the last training failed"


class Trainer(GroupClient):
    """Trains predictors in AWS."""

    def predictors(self) -> list[AwsResource]:
        """Return the group's predictors, whoever created them, newest first; none if there is no group."""
        arn = self._find_group()
        return PREDICTOR.list_all(self._session, DatasetGroupArn=arn) if arn else []

    def get_df_pred_metadata(self) -> pd.DataFrame:
        """Return the predictors of the group, newest first, as a `resources.resource_table`."""
        return resource_table(self.predictors(), self._names)

    def get_latest_predictor(self) -> AwsResource | None:
        """Return the newest active auto predictor, whoever created it."""
        return next((job for job in self.predictors() if job.active and job.is_auto), None)

    def get_training_predictor(self, horizon: int | None = None) -> AwsResource | None:
        """Return the newest predictor that is being trained and not being stopped, whoever started it.

        Parameters
        ----------
        horizon
            Days it must forecast; None for any number.
        """
        busy = (job for job in self.predictors() if job.busy)
        return next((job for job in busy if horizon in (None, self.horizon(job))), None)

    def trained_since(self, since: datetime | None, tolerance: timedelta, horizon: int) -> AwsResource | None:
        """Return our newest active predictor within the tolerance.

        Parameters
        ----------
        since
            Ignore predictors started at or before that time.
        horizon
            Days it must forecast.
        """
        ours = (job for job in self.predictors() if job.active and self._names.owns(job.name))
        young = (
            job for job in ours if self.age(job) < tolerance and (since is None or job.created_at > since)
        )
        return next((job for job in young if self.horizon(job) == horizon), None)

    def latest_predictor_in_tolerance(self, tolerance_days: float = TOLERANCE_DAYS) -> AwsResource | None:
        """Return the newest active predictor if it is younger than the tolerance, not exactly as old."""
        latest = self.get_latest_predictor()
        return latest if latest and self.age(latest) < timedelta(days=tolerance_days) else None

    def age(self, job: AwsResource) -> timedelta:
        """Return the time since it was started. Both times are UTC, so daylight saving does not matter."""
        return self._clock.now() - job.created_at

    def state(self, tolerance_days: float = TOLERANCE_DAYS) -> PredictorState:
        """Return the state of the group's predictors."""
        found = self.predictors()
        if any(job.busy for job in found):
            return PredictorState.TRAINING
        if self.latest_predictor_in_tolerance(tolerance_days):
            return PredictorState.WITHIN_TOLERANCE
        if any(job.active and job.is_auto for job in found):
            return PredictorState.PAST_TOLERANCE
        return PredictorState.FAILED if any(job.failed_or_stopped for job in found) else PredictorState.NONE

    def describe(self, arn: str) -> AwsResource:
        """Return the current state of a predictor.

        Raises
        ------
        ResourceNotFound
            If it was deleted.
        """
        try:
            return AwsResource.from_description(self._describe_any(arn), PREDICTOR.base)
        except ResourceNotFound as error:
            name = arn.rpartition("/")[2]
            raise ResourceNotFound(
                f"AWS Forecast: expected the predictor {name}, found it deleted"
            ) from error

    def horizon(self, job: AwsResource) -> int:
        """Return how many days a predictor forecasts."""
        return int(self._describe_any(job.arn)["ForecastHorizon"])

    def train_new_predictor(self, requested_at: datetime, horizon: int) -> str:
        """Start a training, unless the same request has already started it; return the predictor's ARN.

        Parameters
        ----------
        requested_at
            Time of the request (UTC), which gives the predictor its name.
        horizon
            Days to forecast.
        """
        group = require_group(self._session, self._names)
        dimensions = group.layout.dimensions

        def create(name: str) -> str:
            answer = self._session.call(
                "create_auto_predictor",
                PredictorName=name,
                ForecastHorizon=horizon,
                ForecastTypes=list(FORECAST_TYPES),
                ForecastFrequency=FREQUENCY,
                DataConfig={"DatasetGroupArn": group.arn, "AttributeConfigs": list(ATTRIBUTES)},
                **({"ForecastDimensions": list(dimensions)} if dimensions else {}),
            )
            return str(answer["PredictorArn"])

        return create_once(
            self._names.predictor(requested_at), create, partial(PREDICTOR.list_all, self._session)
        )

    def find_requested(self, requested_at: datetime) -> AwsResource | None:
        """Return the predictor that a request has started, unless it failed or was stopped."""
        name = self._names.predictor(requested_at)
        same = (job for job in self.predictors() if is_candidate(job.name, name))
        return next((job for job in same if job.busy or job.active), None)

    def create_latest_forecast(self, predictor_arn: str, inputs_hash: str) -> str:
        """Start a forecast with a predictor and the newest imports; return its ARN.

        Raises
        ------
        QuotaReached
            If the account has no forecasts left in its quota.
        """

        def create(name: str) -> str:
            answer = self._session.call(
                "create_forecast",
                ForecastName=name,
                PredictorArn=predictor_arn,
                ForecastTypes=list(FORECAST_TYPES),
            )
            return str(answer["ForecastArn"])

        forecast_name = self._names.forecast(predictor_arn, inputs_hash)
        return create_once(forecast_name, create, partial(FORECAST.list_all, self._session))

    def prune(self, keep: tuple[str, ...] = ()) -> list[AwsResource]:
        """Start deleting our predictors older than the newest two active ones; return those old ones.

        Parameters
        ----------
        keep
            ARNs of predictors to keep in any case.
        """
        arn = self._find_group()
        return GroupCleanup(self._session, self._names, arn).delete_old_predictors(keep) if arn else []

    def _describe_any(self, arn: str) -> Description:
        """Describe an auto predictor or an older one; only trying shows which operation an ARN needs."""
        try:
            return self._session.call("describe_auto_predictor", PredictorArn=arn)
        except RequestRefused:
            return self._session.call("describe_predictor", PredictorArn=arn)
