"""The resources of an account: dataset groups, datasets, and jobs that take time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

ACTIVE, FAILED, STOPPED = "ACTIVE", "CREATE_FAILED", "CREATE_STOPPED"
PENDING, IN_PROGRESS, STOPPING = "CREATE_PENDING", "CREATE_IN_PROGRESS", "CREATE_STOPPING"
RUNNING = frozenset({PENDING, IN_PROGRESS, STOPPING})

WAITS = 0.1
"""Share of its duration in which a job is pending."""

STOPS = timedelta(minutes=2)
DELETES = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource.

    Attributes
    ----------
    word
        In its ARN.
    base
        What the names of its members begin with: ``PredictorArn``.
    plural
        Of lists.
    filters
        What its list can be filtered by.
    job
        What its duration is found by; ``""``: it is there at once.
    """

    word: str
    base: str
    plural: str
    filters: tuple[str, ...] = ()
    job: str = ""


GROUP = Kind("dataset-group", "DatasetGroup", "DatasetGroups")
DATASET = Kind("dataset", "Dataset", "Datasets")
IMPORT = Kind(
    "dataset-import-job", "DatasetImportJob", "DatasetImportJobs", ("DatasetArn", "Status"), "imports"
)
PREDICTOR = Kind("predictor", "Predictor", "Predictors", ("DatasetGroupArn", "Status"), "predictor")
FORECAST = Kind(
    "forecast", "Forecast", "Forecasts", ("DatasetGroupArn", "PredictorArn", "Status"), "forecast"
)
BACKTEST = Kind(
    "predictor-backtest-export-job",
    "PredictorBacktestExportJob",
    "PredictorBacktestExportJobs",
    ("PredictorArn", "Status"),
    "export",
)
EXPORT = Kind(
    "forecast-export-job", "ForecastExportJob", "ForecastExportJobs", ("ForecastArn", "Status"), "export"
)
KINDS = (GROUP, DATASET, IMPORT, PREDICTOR, FORECAST, BACKTEST, EXPORT)


@dataclass(slots=True)
class Resource:
    """One resource and its progress.

    Attributes
    ----------
    attributes
        What was asked for, as Describe tells it.
    parents
        ARNs of what it was made from.
    takes
        How long the job takes.
    waits
        The share of it that is pending.
    settled
        ACTIVE, CREATE_FAILED or CREATE_STOPPED once it is over.
    message
        Why it failed.
    data
        What it works on, or has made.
    """

    kind: Kind
    arn: str
    name: str
    created: datetime
    attributes: dict[str, Any] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    takes: timedelta = timedelta(0)
    waits: float = WAITS
    settled: str = ""
    ended: datetime | None = None
    message: str = ""
    stopped: datetime | None = None
    deleted: datetime | None = None
    data: Any = None

    @property
    def ends(self) -> datetime:
        """The time at which the job finishes."""
        return self.stopped + STOPS if self.stopped else self.created + self.takes

    def status(self, now: datetime) -> str:
        """Return its status at a time."""
        if self.deleted:
            return "DELETE_PENDING" if now < self.deleted + DELETES / 2 else "DELETE_IN_PROGRESS"
        if self.settled:
            return self.settled
        if self.stopped:
            return STOPPING
        return PENDING if now < self.created + self.takes * self.waits else IN_PROGRESS

    def described(self, now: datetime) -> dict[str, Any]:
        """Return all of its fields; each answer selects those of its shape."""
        status = self.status(now)
        known = {
            **self.attributes,
            f"{self.kind.base}Arn": self.arn,
            f"{self.kind.base}Name": self.name,
            "Status": status,
            "CreationTime": self.created,
            "LastModificationTime": self._modified(status, now),
        }
        if self.message and self.settled == FAILED:
            known["Message"] = self.message
        if status == IN_PROGRESS:
            known["EstimatedTimeRemainingInMinutes"] = ceil((self.ends - now) / timedelta(minutes=1))
        return known

    def _modified(self, status: str, now: datetime) -> datetime:
        """Return the time of the last modification: now while a job runs, as documented."""
        if status == PENDING:
            return self.created
        return now if status in RUNNING else self.ended or self.created
