"""Things AWS works on, whatever their kind: what they are called, how far they are, when they were made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

import numpy as np
import pandas as pd

from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.engines.aws_forecast.connection import ForecastSession, Found
from forecasting.engines.aws_forecast.faults import AlreadyThere, InUse
from forecasting.engines.aws_forecast.names import Names, free_name, is_candidate

ACTIVE = "ACTIVE"
_BUSY = ("CREATE_PENDING", "CREATE_IN_PROGRESS")
_STOPPING = ("CREATE_STOPPING",)
_ENDED_BADLY = ("CREATE_FAILED", "CREATE_STOPPED")


@dataclass(frozen=True, slots=True)
class Job:
    """One thing: an import, a predictor, a forecast or an export.

    Attributes
    ----------
    created_at
        When it was asked for (UTC). Ages are of this: what AWS calls the last modification is "now" while it
        works on it.
    changed_at
        When it was done, once it is (UTC).
    is_auto
        Of a predictor, whether it was trained the newer way.
    message
        What AWS says about its failure.
    remaining
        How much longer it takes; AWS says so only where one thing is described.
    gigabytes
        Of an import, how much it was, where AWS says so.
    """

    arn: str
    name: str
    status: str
    created_at: datetime
    changed_at: datetime
    is_auto: bool = True
    message: str = ""
    remaining: timedelta | None = None
    gigabytes: float | None = None

    @classmethod
    def of(cls, found: Found, kind: str) -> Self:
        """Read it as AWS lists or describes it.

        Parameters
        ----------
        kind
            Such as ``Predictor``: its fields begin so.
        """
        created = found["CreationTime"].astimezone(UTC)
        minutes = found.get("EstimatedTimeRemainingInMinutes")
        return cls(
            arn=found[f"{kind}Arn"],
            name=found.get(f"{kind}Name", ""),
            status=found.get("Status", ""),
            created_at=created,
            changed_at=found.get("LastModificationTime", created).astimezone(UTC),
            is_auto=bool(found.get("IsAutoPredictor", True)),
            message=found.get("Message", ""),
            remaining=None if minutes is None else timedelta(minutes=minutes),
            gigabytes=found.get("DataSize"),
        )

    @property
    def active(self) -> bool:
        """Whether it is done and good."""
        return self.status == ACTIVE

    @property
    def busy(self) -> bool:
        """Whether it is being made."""
        return self.status in _BUSY

    @property
    def stopping(self) -> bool:
        """Whether somebody stops it."""
        return self.status in _STOPPING

    @property
    def ended_badly(self) -> bool:
        """Whether it failed or was stopped."""
        return self.status in _ENDED_BADLY

    @property
    def deleting(self) -> bool:
        """Whether it is about to be gone."""
        return self.status.startswith("DELETE_")

    @property
    def deletable(self) -> bool:
        """Whether AWS lets it be deleted."""
        return self.active or self.ended_badly

    def require_good(self, what: str) -> Self:
        """Return it unless it ended badly, or goes.

        Raises
        ------
        EngineUnavailable
            With what AWS says.
        """
        if self.deleting:
            raise EngineUnavailable(f"AWS Forecast: {what} is being deleted there")
        if self.ended_badly:
            how = "failed" if self.status == "CREATE_FAILED" else "was stopped"
            said = f": {self.message}" if self.message else ""
            raise EngineUnavailable(f"AWS Forecast: {what} {how}{said}")
        return self


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing, and how AWS calls it.

    Attributes
    ----------
    base
        What names of fields begin with; lists are called so with an ``s``.
    word
        In operations.
    """

    base: str
    word: str

    def listed(self, session: ForecastSession, **only: str) -> list[Job]:
        """All there are, newest first.

        Parameters
        ----------
        only
            Values of fields to filter by, such as ``DatasetGroupArn``.
        """
        filters = [{"Key": key, "Value": value, "Condition": "IS"} for key, value in only.items()]
        found = session.every(f"list_{self.word}s", f"{self.base}s", Filters=filters)
        jobs = [Job.of(each, self.base) for each in found]
        return sorted(jobs, key=lambda job: (job.created_at, job.name), reverse=True)

    def described(self, session: ForecastSession, arn: str) -> Job:
        """One thing.

        Raises
        ------
        NotThere
            If AWS does not have it.
        """
        return Job.of(session.ask(f"describe_{self.word}", **{f"{self.base}Arn": arn}), self.base)

    def delete(self, session: ForecastSession, arn: str) -> None:
        """Begin to delete it."""
        session.ask(f"delete_{self.word}", **{f"{self.base}Arn": arn})


def metadata(jobs: Sequence[Job], names: Names) -> pd.DataFrame:
    """Things as a table, in their order.

    Returns
    -------
    pandas.DataFrame
        ``arn``, ``name``, ``status``, ``created_at`` (datetime64, UTC), ``is_auto`` (bool), ``ours`` (bool:
        made by us, as its name says), ``message``.
    """
    texts = {key: [getattr(job, key) for job in jobs] for key in ("arn", "name", "status", "message")}
    return pd.DataFrame(
        {
            **{key: pd.Series(texts[key], dtype="str") for key in ("arn", "name", "status")},
            "created_at": pd.to_datetime([job.created_at for job in jobs], utc=True),
            "is_auto": np.array([job.is_auto for job in jobs], dtype=np.bool_),
            "ours": np.array([names.owns(job.name) for job in jobs], dtype=np.bool_),
            "message": pd.Series(texts["message"], dtype="str"),
        }
    )


IMPORT = Kind("DatasetImportJob", "dataset_import_job")
PREDICTOR = Kind("Predictor", "predictor")
FORECAST = Kind("Forecast", "forecast")
BACKTEST = Kind("PredictorBacktestExportJob", "predictor_backtest_export_job")
FORECAST_EXPORT = Kind("ForecastExportJob", "forecast_export_job")


def begun(name: str, create: Callable[[str], str], found: Callable[[], Sequence[Job]]) -> str:
    """Make a thing, unless it turns out that it was made before and the answer was lost.

    Parameters
    ----------
    name
        What to call it; where that is taken by one that ended badly, another of its `candidates`.
    create
        Makes it by a name; returns its ARN.
    found
        Those there are.

    Raises
    ------
    EngineBusy
        If it is there and not listed yet, or AWS works on something else that is in the way.
    """
    try:
        return create(free_name(name, {job.name for job in found()}))
    except (AlreadyThere, InUse) as error:
        same = (job for job in found() if is_candidate(job.name, name))
        there = next((job for job in same if job.busy or job.active), None)
        if there:
            return there.arn
        if isinstance(error, InUse):
            raise
        raise EngineBusy(f"AWS Forecast has '{name}' already, but does not list it yet") from error
