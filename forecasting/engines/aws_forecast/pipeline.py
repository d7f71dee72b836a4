"""One poll of one run in AWS: find what has been started, and start what can start next.

Between two polls only the ticket is kept. Without it, the same resources are found by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from forecasting.config.aws_settings import AwsSettings
from forecasting.config.logs import get_logger
from forecasting.core.errors import EngineBusy, EngineError, EngineUnavailable
from forecasting.core.ports import Clock, RemoteJob, Ticket
from forecasting.engines.aws_forecast.aws_errors import QuotaReached, ResourceNotFound
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.backtest_exports import BacktestExports
from forecasting.engines.aws_forecast.cleanup import GroupCleanup
from forecasting.engines.aws_forecast.dataset_group import DatasetGroup
from forecasting.engines.aws_forecast.dataset_imports import TICKET_KEYS, DatasetImports
from forecasting.engines.aws_forecast.forecaster import Forecaster
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from forecasting.engines.aws_forecast.resources import FORECAST, AwsResource
from forecasting.engines.aws_forecast.trainer import Trainer
from forecasting.engines.aws_forecast.training_cost import DAY, estimate_cost, require_allowance

IMPORTING, TRAINING, FORECASTING = "Importing in AWS", "Training in AWS", "Forecasting in AWS"
EXPORTING, DELETING = "Exporting the backtest in AWS", "Deleting an old forecast in AWS"
READY = "Forecast ready in AWS"

PREDICTOR_KEY, FORECAST_KEY, BACKTEST_KEY = "predictor", "forecast", "backtest"
"""Keys of the ARNs in a ticket."""

CONCURRENT_FORECASTS = 3
"""Forecasts that AWS creates at the same time for one account."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StageStatus:
    """The state of one stage of a run.

    Attributes
    ----------
    stage
        The stage in planners' words, such as ``Training in AWS``.
    jobs
        The resources that AWS creates in it; empty if none could be started yet.
    """

    stage: str
    jobs: Sequence[AwsResource]

    @property
    def done(self) -> bool:
        """Whether AWS has finished all of them."""
        return bool(self.jobs) and all(job.active for job in self.jobs)

    @property
    def remaining(self) -> timedelta | None:
        """AWS's estimate of the time left; None if it gives none."""
        return max((job.remaining for job in self.jobs if job.remaining is not None), default=None)


class Pipeline:
    """The stages of one run. Each starts what is missing, and may be called again.

    Parameters
    ----------
    session, settings, clock
        The session with AWS; group and limits; the current time.
    tolerance
        Age at which a predictor is trained again.
    group
        The dataset group.
    job, ticket
        The run, and the ARNs of what it has started.

    Attributes
    ----------
    ticket
        ARNs of what has been started, including by this poll.
    """

    def __init__(
        self,
        session: AwsSession,
        settings: AwsSettings,
        tolerance: timedelta,
        clock: Clock,
        *,
        group: DatasetGroup,
        job: RemoteJob,
        ticket: Ticket,
    ) -> None:
        self.ticket = dict(ticket)
        self._session = session
        self._settings = settings
        self._tolerance = tolerance
        self._clock = clock
        self._group = group
        self._job = job
        self._trainer = Trainer(session, settings, clock, group.arn)
        self._forecaster = Forecaster(session, settings, clock, group.arn)
        self._imports = DatasetImports(session, settings, group)
        self._backtests = BacktestExports(session, settings, group)

    def import_inputs(self) -> StageStatus:
        """Import the inputs into the datasets."""
        if not all(name in self.ticket for name in TICKET_KEYS.values()):
            self.ticket |= self._imports.begin(self._job)
        return StageStatus(IMPORTING, self._imports.describe(self.ticket))

    def train(self) -> StageStatus:
        """Find the predictor of the ticket or another suitable one, or train a new one."""
        arn = self.ticket.get(PREDICTOR_KEY) or (self._find_or_train() if self._job.train else self._newest())
        self.ticket[PREDICTOR_KEY] = arn
        return StageStatus(TRAINING, [self._trainer.describe(arn).require_not_failed("the training")])

    def make_results(self) -> StageStatus:
        """Create the forecast and, after a training, export the backtest at the same time."""
        exported = [self._backtest()] if self._job.train else []
        forecast = self._forecast()
        status = StageStatus(EXPORTING, exported) if forecast.done and exported else forecast
        if self._job.train and not status.done:
            self._delete_old_predictors()
        return status

    def _newest(self) -> str:
        latest = self._trainer.get_latest_predictor()
        if latest is None:
            raise EngineUnavailable(
                "AWS Forecast: expected a predictor to forecast with, found none; train one first"
            )
        days = self._trainer.horizon(latest)
        if days != self._job.horizon:
            raise EngineUnavailable(
                f"AWS Forecast: expected a predictor that forecasts {self._job.horizon} days, "
                f"found one for {days} days; train a new one"
            )
        return latest.arn

    def _find_or_train(self) -> str:
        """Return the predictor this run has started, one in training, one trained since, or a new one."""
        trainer, job = self._trainer, self._job
        found = (
            trainer.find_requested(job.requested_at)
            or trainer.get_training_predictor(job.horizon)
            or trainer.trained_since(job.trained_before, self._tolerance, job.horizon)
        )
        return found.arn if found else self._train()

    def _train(self) -> str:
        predictors = self._trainer.predictors()
        require_allowance(self._settings.trainings_a_day, predictors, self._clock.now())
        sizes = [each.gigabytes for each in self._imports.describe(self.ticket)]
        expected = estimate_cost(sizes, predictors, self._job.series, self._job.horizon)
        arn = self._trainer.train_new_predictor(self._job.requested_at, self._job.horizon)
        name = arn.rpartition("/")[2]
        _log.info("training in AWS started", predictor=name, **expected.words(self._settings.rates))
        return arn

    def _forecast(self) -> StageStatus:
        forecast = self._existing_forecast()
        if forecast is None:
            try:
                arn = self._trainer.create_latest_forecast(self.ticket[PREDICTOR_KEY], self._job.inputs_hash)
            except QuotaReached as error:
                return self._free_quota(error)
            forecast = FORECAST.describe(self._session, arn)
        self.ticket[FORECAST_KEY] = forecast.arn
        return StageStatus(FORECASTING, [forecast.require_not_failed("the forecast")])

    def _existing_forecast(self) -> AwsResource | None:
        """Return the forecast of the ticket if it still exists, or one from the same predictor and inputs."""
        arn = self.ticket.pop(FORECAST_KEY, None)
        if arn:
            try:
                forecast = FORECAST.describe(self._session, arn)
            except ResourceNotFound:
                return None
            return forecast if self._forecaster.is_queryable(forecast) and not forecast.deleting else None
        imports = self._imports.describe(self.ticket)
        predictor = self._trainer.describe(self.ticket[PREDICTOR_KEY])
        since = max(each.created_at for each in (*imports, predictor))
        found = self._forecaster.usable(predictor.arn, self._job.inputs_hash, since)
        return FORECAST.describe(self._session, found.arn) if found else None

    def _free_quota(self, error: QuotaReached) -> StageStatus:
        running = [job for job in FORECAST.list_all(self._session) if job.busy]
        if len(running) >= CONCURRENT_FORECASTS:  # this quota is free again when one of them is finished
            raise EngineBusy(f"{error}; it is already creating {len(running)} forecasts") from error
        cleanup = GroupCleanup(self._session, ResourceNames(self._settings.group), self._group.arn)
        if not cleanup.delete_oldest_forecast():
            raise EngineUnavailable(
                f"{error}; the group '{self._settings.group}' has no forecast that can be deleted"
            ) from error
        return StageStatus(DELETING, ())

    def _backtest(self) -> AwsResource:
        arn = self.ticket.pop(BACKTEST_KEY, None)
        try:
            exported = self._backtests.describe(arn) if arn else None
        except ResourceNotFound:
            exported = None
        if exported is None:
            exported = self._backtests.describe(self._backtests.begin(self.ticket[PREDICTOR_KEY]))
        self.ticket[BACKTEST_KEY] = exported.arn
        return exported

    def _delete_old_predictors(self) -> None:
        """Delete predictors that are no longer needed. If that fails, the run goes on."""
        try:
            trainer = self._trainer
            recent = [each.arn for each in trainer.predictors() if trainer.age(each) < DAY]
            trainer.prune(
                keep=(self.ticket[PREDICTOR_KEY], *recent)
            )  # they count against the allowed trainings a day
        except EngineError as error:
            _log.warning("old predictors could not be deleted in AWS", reason=str(error))
