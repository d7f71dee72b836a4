"""Resources in AWS Forecast of any kind: list, describe, delete and create them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

import numpy as np
import pandas as pd

from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.engines.aws_forecast.aws_errors import ResourceExists, ResourceInUse
from forecasting.engines.aws_forecast.aws_session import AwsSession, Description
from forecasting.engines.aws_forecast.resource_names import ResourceNames, free_name, is_candidate

ACTIVE = "ACTIVE"
_BUSY = ("CREATE_PENDING", "CREATE_IN_PROGRESS")
_STOPPING = ("CREATE_STOPPING",)
_FAILED_OR_STOPPED = ("CREATE_FAILED", "CREATE_STOPPED")


@dataclass(frozen=True, slots=True)
class AwsResource:
    """An import, a predictor, a forecast or an export, as AWS last described it.

    Attributes
    ----------
    created_at
        When its creation was requested (UTC). Ages are computed from it, because the last modification is
        always "now" while AWS works on the resource.
    changed_at
        When it was finished (UTC), if it is finished.
    is_auto
        Whether a predictor was created by CreateAutoPredictor, not by the older CreatePredictor.
    message
        AWS's reason for a failure.
    remaining
        AWS's estimate of the time left; only in a description, never in a list.
    gigabytes
        Size of an import, if AWS reports it.
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
    def from_description(cls, found: Description, kind: str) -> Self:
        """Read a resource from a list or a description.

        Parameters
        ----------
        kind
            Prefix of the fields' names, such as ``Predictor``.
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
        """Whether it was created successfully."""
        return self.status == ACTIVE

    @property
    def busy(self) -> bool:
        """Whether it is being created."""
        return self.status in _BUSY

    @property
    def stopping(self) -> bool:
        """Whether its creation is being stopped."""
        return self.status in _STOPPING

    @property
    def failed_or_stopped(self) -> bool:
        """Whether its creation failed or was stopped."""
        return self.status in _FAILED_OR_STOPPED

    @property
    def deleting(self) -> bool:
        """Whether it is being deleted, or its deletion failed."""
        return self.status.startswith("DELETE_")

    @property
    def deletable(self) -> bool:
        """Whether AWS lets it be deleted."""
        return self.active or self.failed_or_stopped

    def require_not_failed(self, what: str) -> Self:
        """Return it, unless its creation failed or was stopped, or it is being deleted.

        Raises
        ------
        EngineUnavailable
            Otherwise; with AWS's reason.
        """
        if self.deleting:
            raise EngineUnavailable(f"AWS Forecast: {what} is being deleted")
        if self.failed_or_stopped:
            outcome = "failed" if self.status == "CREATE_FAILED" else "was stopped"
            reason = f": {self.message}" if self.message else ""
            raise EngineUnavailable(f"AWS Forecast: {what} {outcome}{reason}")
        return self


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """A kind of resource and its names in AWS's API.

    Attributes
    ----------
    base
        Prefix of the fields' names; with an ``s``, the name of a list.
    word
        Its name in operations.
    """

    base: str
    word: str

    def list_all(self, session: AwsSession, **filters: str) -> list[AwsResource]:
        """Return all resources of this kind, newest first.

        Parameters
        ----------
        filters
            Values of fields to filter by, such as ``DatasetGroupArn``.
        """
        conditions = [{"Key": key, "Value": value, "Condition": "IS"} for key, value in filters.items()]
        found = session.list_all(f"list_{self.word}s", f"{self.base}s", Filters=conditions)
        jobs = [AwsResource.from_description(each, self.base) for each in found]
        return sorted(jobs, key=lambda job: (job.created_at, job.name), reverse=True)

    def describe(self, session: AwsSession, arn: str) -> AwsResource:
        """Return the current state of one resource.

        Raises
        ------
        ResourceNotFound
            If it does not exist.
        """
        return AwsResource.from_description(
            session.call(f"describe_{self.word}", **{f"{self.base}Arn": arn}), self.base
        )

    def delete(self, session: AwsSession, arn: str) -> None:
        """Start deleting a resource."""
        session.call(f"delete_{self.word}", **{f"{self.base}Arn": arn})


def resource_table(jobs: Sequence[AwsResource], names: ResourceNames) -> pd.DataFrame:
    """Return resources as a table, in their order.

    Returns
    -------
    pandas.DataFrame
        ``arn``, ``name``, ``status``, ``created_at`` (datetime64, UTC), ``is_auto`` (bool), ``ours`` (bool:
        whether its name shows that we created it), ``message``.
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


IMPORT = ResourceKind("DatasetImportJob", "dataset_import_job")
PREDICTOR = ResourceKind("Predictor", "predictor")
FORECAST = ResourceKind("Forecast", "forecast")
BACKTEST = ResourceKind("PredictorBacktestExportJob", "predictor_backtest_export_job")
FORECAST_EXPORT = ResourceKind("ForecastExportJob", "forecast_export_job")


def create_once(
    name: str, create: Callable[[str], str], list_existing: Callable[[], Sequence[AwsResource]]
) -> str:
    """Create a resource, unless it already exists because the answer to an earlier request was lost.

    Parameters
    ----------
    name
        Its name. If a failed resource has that name, the next free one of the name's `candidates` is used.
    create
        Creates the resource under a name and returns its ARN.
    list_existing
        Lists the existing resources of its kind.

    Returns
    -------
    The ARN of the created or existing resource.

    Raises
    ------
    EngineBusy
        If it exists but is not listed yet, or AWS is still working on a resource it needs.
    """
    try:
        return create(free_name(name, {job.name for job in list_existing()}))
    except (ResourceExists, ResourceInUse) as error:
        same = (job for job in list_existing() if is_candidate(job.name, name))
        existing = next((job for job in same if job.busy or job.active), None)
        if existing:
            return existing.arn
        if isinstance(error, ResourceInUse):
            raise
        raise EngineBusy(f"AWS Forecast has created '{name}' but does not list it yet") from error
