"""One look at one run in AWS: what is there already, and what can be begun next.

Nothing is remembered from look to look but the ticket, and without it the same is found by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from forecasting.config.aws_settings import AwsSettings
from forecasting.config.logs import get_logger
from forecasting.core.errors import EngineBusy, EngineError, EngineUnavailable
from forecasting.core.ports import Clock, RemoteJob, Ticket
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.cost import DAY, estimate, require_allowance
from forecasting.engines.aws_forecast.exported_backtest import Backtests
from forecasting.engines.aws_forecast.faults import NotThere, QuotaReached
from forecasting.engines.aws_forecast.forecaster import Forecaster
from forecasting.engines.aws_forecast.group import DatasetGroup
from forecasting.engines.aws_forecast.imports import TICKET, Imports
from forecasting.engines.aws_forecast.jobs import FORECAST, Job
from forecasting.engines.aws_forecast.names import Names
from forecasting.engines.aws_forecast.room import Room
from forecasting.engines.aws_forecast.trainer import Trainer

IMPORTING, TRAINING, FORECASTING = "Importing in AWS", "Training in AWS", "Forecasting in AWS"
EXPORTING, MAKING_ROOM = "Writing the backtest in AWS", "Making room in AWS"
READY = "Forecast ready in AWS"

PREDICTOR, MADE, EXPORTED = "predictor", "forecast", "backtest"
"""What a ticket calls them."""

AT_A_TIME = 3
"""Forecasts that AWS makes at a time for an account."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step has begun or found, and what it is called as long as AWS works on any of it.

    Attributes
    ----------
    jobs
        Empty where nothing could be begun yet.
    """

    stage: str
    jobs: Sequence[Job]

    @property
    def done(self) -> bool:
        """Whether AWS is through with it."""
        return bool(self.jobs) and all(job.active for job in self.jobs)

    @property
    def remaining(self) -> timedelta | None:
        """How much longer it takes, as far as AWS says."""
        return max((job.remaining for job in self.jobs if job.remaining is not None), default=None)


class Pipeline:
    """The steps of one run; each begins what is not there and may be taken again.

    Parameters
    ----------
    session, settings, clock
        To AWS; which group; ages are by it.
    tolerance
        Age of a predictor from which on another is trained.
    group
        The dataset group.
    job, ticket
        What is asked for, and what was begun so far.

    Attributes
    ----------
    ticket
        What was begun so far, this look included.
    """

    def __init__(
        self,
        session: ForecastSession,
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
        self._imports = Imports(session, settings, group)
        self._backtests = Backtests(session, settings, group)

    def imported(self) -> Step:
        """The inputs, in the datasets."""
        if not all(name in self.ticket for name in TICKET.values()):
            self.ticket |= self._imports.begin(self._job)
        return Step(IMPORTING, self._imports.described(self.ticket))

    def trained(self) -> Step:
        """The predictor: the one of the ticket, else one that will do, else a new one."""
        arn = self.ticket.get(PREDICTOR) or (self._to_train() if self._job.train else self._newest())
        self.ticket[PREDICTOR] = arn
        return Step(TRAINING, [self._trainer.describe(arn).require_good("the training")])

    def results(self) -> Step:
        """The forecast and, of a training, what it says of the past; AWS makes both at the same time."""
        exported = [self._backtest()] if self._job.train else []
        forecast = self._forecast()
        step = Step(EXPORTING, exported) if forecast.done and exported else forecast
        if self._job.train and not step.done:
            self._tidy()
        return step

    def _newest(self) -> str:
        latest = self._trainer.get_latest_predictor()
        if latest is None:
            raise EngineUnavailable(
                "AWS Forecast: expected a predictor to forecast with, found none: train one"
            )
        days = self._trainer.horizon(latest)
        if days != self._job.horizon:
            raise EngineUnavailable(
                f"AWS Forecast: expected a predictor of {self._job.horizon} days to forecast with, "
                f"found one of {days}: train one"
            )
        return latest.arn

    def _to_train(self) -> str:
        """What this run has begun, what anyone trains now, what was trained meanwhile, or a new predictor."""
        trainer, job = self._trainer, self._job
        found = (
            trainer.begun_by(job.requested_at)
            or trainer.get_training_predictor(job.horizon)
            or trainer.trained_since(job.trained_before, self._tolerance, job.horizon)
        )
        return found.arn if found else self._train()

    def _train(self) -> str:
        predictors = self._trainer.predictors()
        require_allowance(self._settings.trainings_a_day, predictors, self._clock.now())
        sizes = [each.gigabytes for each in self._imports.described(self.ticket)]
        expected = estimate(sizes, predictors, self._job.series, self._job.horizon)
        arn = self._trainer.train_new_predictor(self._job.requested_at, self._job.horizon)
        name = arn.rpartition("/")[2]
        _log.info("training in AWS begins", predictor=name, **expected.words(self._settings.rates))
        return arn

    def _forecast(self) -> Step:
        made = self._made()
        if made is None:
            try:
                arn = self._trainer.create_latest_forecast(self.ticket[PREDICTOR], self._job.inputs_hash)
            except QuotaReached as error:
                return self._making_room(error)
            made = FORECAST.described(self._session, arn)
        self.ticket[MADE] = made.arn
        return Step(FORECASTING, [made.require_good("the forecast")])

    def _made(self) -> Job | None:
        """The forecast of the ticket, unless it is gone; else one of the same predictor and inputs."""
        arn = self.ticket.pop(MADE, None)
        if arn:
            try:
                made = FORECAST.described(self._session, arn)
            except NotThere:
                return None
            return made if self._forecaster.answers_for(made) and not made.deleting else None
        imports = self._imports.described(self.ticket)
        predictor = self._trainer.describe(self.ticket[PREDICTOR])
        since = max(each.created_at for each in (*imports, predictor))
        found = self._forecaster.usable(predictor.arn, self._job.inputs_hash, since)
        return FORECAST.described(self._session, found.arn) if found else None

    def _making_room(self, error: QuotaReached) -> Step:
        running = [job for job in FORECAST.listed(self._session) if job.busy]
        if len(running) >= AT_A_TIME:  # that quota passes, and nothing has to go for it
            raise EngineBusy(f"{error}; it makes {len(running)} forecasts already") from error
        room = Room(self._session, Names(self._settings.group), self._group.arn)
        if not room.for_forecast():
            raise EngineUnavailable(
                f"{error}; none of its forecasts that can be deleted is of '{self._settings.group}'"
            ) from error
        return Step(MAKING_ROOM, ())

    def _backtest(self) -> Job:
        arn = self.ticket.pop(EXPORTED, None)
        try:
            exported = self._backtests.described(arn) if arn else None
        except NotThere:
            exported = None
        if exported is None:
            exported = self._backtests.described(self._backtests.begin(self.ticket[PREDICTOR]))
        self.ticket[EXPORTED] = exported.arn
        return exported

    def _tidy(self) -> None:
        """Delete predictors that nobody needs; a forecast does not fail because that does."""
        try:
            trainer = self._trainer
            lately = [each.arn for each in trainer.predictors() if trainer.age(each) < DAY]
            trainer.prune(keep=(self.ticket[PREDICTOR], *lately))  # trainings a day are counted by them
        except EngineError as error:
            _log.warning("old predictors stay in AWS", reason=str(error))
