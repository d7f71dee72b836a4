"""Predictors of the dataset group: which there are, which counts, and how a new one is begun."""

from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

import pandas as pd

from forecasting.engines.aws_forecast.connection import Found
from forecasting.engines.aws_forecast.data import ATTRIBUTES, FORECAST_TYPES, FREQUENCY
from forecasting.engines.aws_forecast.faults import NotThere, Refused
from forecasting.engines.aws_forecast.group import InGroup, require_group
from forecasting.engines.aws_forecast.jobs import FORECAST, PREDICTOR, Job, begun, metadata
from forecasting.engines.aws_forecast.names import is_candidate
from forecasting.engines.aws_forecast.room import Room

TOLERANCE_DAYS = 2


class State(StrEnum):
    """How things stand with the predictors of the group."""

    NONE = "no predictor yet"
    TRAINING = "training"
    WITHIN_TOLERANCE = "trained within the tolerance"
    PAST_TOLERANCE = "trained before the tolerance"
    FAILED = "the last training failed"


class Trainer(InGroup):
    """Trains predictors in AWS."""

    def predictors(self) -> list[Job]:
        """All predictors of the group, whoever made them, newest first; none where there is no group."""
        arn = self._found_group()
        return PREDICTOR.listed(self._session, DatasetGroupArn=arn) if arn else []

    def get_df_pred_metadata(self) -> pd.DataFrame:
        """The predictors of the group, newest first, as `jobs.metadata` has them."""
        return metadata(self.predictors(), self._names)

    def get_latest_predictor(self) -> Job | None:
        """The newest good predictor that was trained the newer way, whoever made it."""
        return next((job for job in self.predictors() if job.active and job.is_auto), None)

    def get_training_predictor(self, horizon: int | None = None) -> Job | None:
        """The newest predictor that is being trained now, whoever began it; one that is being stopped is not.

        Parameters
        ----------
        horizon
            Days it has to forecast; None: any.
        """
        busy = (job for job in self.predictors() if job.busy)
        return next((job for job in busy if horizon in (None, self.horizon(job))), None)

    def trained_since(self, since: datetime | None, tolerance: timedelta, horizon: int) -> Job | None:
        """The newest of our good predictors within the tolerance.

        Parameters
        ----------
        since
            Only those begun later than that; None: any.
        horizon
            Days it has to forecast.
        """
        ours = (job for job in self.predictors() if job.active and self._names.owns(job.name))
        young = (
            job for job in ours if self.age(job) < tolerance and (since is None or job.created_at > since)
        )
        return next((job for job in young if self.horizon(job) == horizon), None)

    def latest_predictor_in_tolerance(self, tolerance_days: float = TOLERANCE_DAYS) -> Job | None:
        """The newest good predictor, if it is younger than the tolerance; one of exactly that age is not."""
        latest = self.get_latest_predictor()
        return latest if latest and self.age(latest) < timedelta(days=tolerance_days) else None

    def age(self, job: Job) -> timedelta:
        """How long ago it was begun; both instants are UTC, so that no change of the clocks counts."""
        return self._clock.now() - job.created_at

    def state(self, tolerance_days: float = TOLERANCE_DAYS) -> State:
        """How things stand."""
        found = self.predictors()
        if any(job.busy for job in found):
            return State.TRAINING
        if self.latest_predictor_in_tolerance(tolerance_days):
            return State.WITHIN_TOLERANCE
        if any(job.active and job.is_auto for job in found):
            return State.PAST_TOLERANCE
        return State.FAILED if any(job.ended_badly for job in found) else State.NONE

    def describe(self, arn: str) -> Job:
        """A predictor as AWS knows it now.

        Raises
        ------
        NotThere
            If it was deleted.
        """
        try:
            return Job.of(self._described(arn), PREDICTOR.base)
        except NotThere as error:
            name = arn.rpartition("/")[2]
            raise NotThere(f"AWS Forecast: expected the predictor {name}, found it deleted") from error

    def horizon(self, job: Job) -> int:
        """How many days a predictor forecasts."""
        return int(self._described(job.arn)["ForecastHorizon"])

    def train_new_predictor(self, requested_at: datetime, horizon: int) -> str:
        """Begin a training on what is in the datasets, unless the same request has begun it before; its ARN.

        Parameters
        ----------
        requested_at
            When it was asked for: the predictor is named for it.
        horizon
            Days it will forecast.
        """
        group = require_group(self._session, self._names)
        dimensions = group.layout.dimensions

        def create(free: str) -> str:
            answer = self._session.ask(
                "create_auto_predictor",
                PredictorName=free,
                ForecastHorizon=horizon,
                ForecastTypes=list(FORECAST_TYPES),
                ForecastFrequency=FREQUENCY,
                DataConfig={"DatasetGroupArn": group.arn, "AttributeConfigs": list(ATTRIBUTES)},
                **({"ForecastDimensions": list(dimensions)} if dimensions else {}),
            )
            return str(answer["PredictorArn"])

        return begun(self._names.predictor(requested_at), create, partial(PREDICTOR.listed, self._session))

    def begun_by(self, requested_at: datetime) -> Job | None:
        """The predictor a request has begun before, unless it ended badly."""
        name = self._names.predictor(requested_at)
        same = (job for job in self.predictors() if is_candidate(job.name, name))
        return next((job for job in same if job.busy or job.active), None)

    def create_latest_forecast(self, predictor_arn: str, inputs_hash: str) -> str:
        """Begin a forecast of a predictor on the newest imports; its ARN.

        Raises
        ------
        QuotaReached
            If AWS keeps no more forecasts for this account.
        """

        def create(free: str) -> str:
            answer = self._session.ask(
                "create_forecast",
                ForecastName=free,
                PredictorArn=predictor_arn,
                ForecastTypes=list(FORECAST_TYPES),
            )
            return str(answer["ForecastArn"])

        name = self._names.forecast(predictor_arn, inputs_hash)
        return begun(name, create, partial(FORECAST.listed, self._session))

    def prune(self, keep: tuple[str, ...] = ()) -> list[Job]:
        """Begin to delete our predictors older than the newest two good ones; those that are left of them.

        Parameters
        ----------
        keep
            ARNs of what is in use.
        """
        arn = self._found_group()
        return Room(self._session, self._names, arn).of_old_predictors(keep) if arn else []

    def _described(self, arn: str) -> Found:
        """Newer and older predictors are asked for differently, and the ARN does not tell which it is."""
        try:
            return self._session.ask("describe_auto_predictor", PredictorArn=arn)
        except Refused:
            return self._session.ask("describe_predictor", PredictorArn=arn)
