"""Delete resources of ours that are no longer needed, each after the resources that depend on it.

AWS deletes asynchronously, so a resource is deleted in one poll of a run and its parent in a later one.
"""

from collections.abc import Collection, Iterator

from forecasting.config.logs import get_logger
from forecasting.engines.aws_forecast.aws_errors import ResourceInUse, ResourceNotFound
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from forecasting.engines.aws_forecast.resources import (
    BACKTEST,
    FORECAST,
    FORECAST_EXPORT,
    PREDICTOR,
    AwsResource,
    ResourceKind,
)

KEPT = 2
"""Number of active predictors to keep."""

CHILDREN = {
    "predictor": ((FORECAST, "PredictorArn"), (BACKTEST, "PredictorArn")),
    "forecast": ((FORECAST_EXPORT, "ForecastArn"),),
}
"""Kinds of resources that may depend on a resource, and the field that refers to it."""

_log = get_logger(__name__)


class GroupCleanup:
    """Deletes our resources in a dataset group.

    Parameters
    ----------
    session
        The session with AWS.
    names
        Recognises our resources.
    group_arn
        ARN of the dataset group.
    """

    def __init__(self, session: AwsSession, names: ResourceNames, group_arn: str) -> None:
        self._session = session
        self._names = names
        self._group = group_arn

    def delete_oldest_forecast(self) -> bool:
        """Start deleting our oldest forecast, unless one is being deleted; return False if there is none."""
        ours = self._ours(FORECAST)
        if any(job.deleting for job in ours):
            return True
        oldest_first = (job for job in reversed(ours) if job.deletable)
        return any(self._start_deleting(FORECAST, job) for job in oldest_first)

    def delete_old_predictors(self, keep: Collection[str]) -> list[AwsResource]:
        """Start deleting our predictors older than the `KEPT` newest active ones; return the old ones."""
        ours = self._ours(PREDICTOR)
        active = [job for job in ours if job.active]
        if len(active) < KEPT:
            return []
        old = [job for job in ours if job.created_at < active[KEPT - 1].created_at and job.arn not in keep]
        for job in old:
            if job.deletable:
                self._start_deleting(PREDICTOR, job)
        return old

    def _ours(self, kind: ResourceKind) -> list[AwsResource]:
        listed = kind.list_all(self._session, DatasetGroupArn=self._group)
        return [job for job in listed if self._names.owns(job.name)]

    def _start_deleting(self, kind: ResourceKind, job: AwsResource) -> bool:
        """Start deleting a resource, or first its dependents.

        Returns
        -------
        False if one of the dependents is not ours, or AWS is working on one of them.
        """
        dependents = list(self._dependents(kind, job))
        if not all(self._names.owns(dependent.name) for _, dependent in dependents):
            return False
        try:
            for below, dependent in dependents:
                if dependent.deletable:
                    self._start_deleting(below, dependent)
            if not dependents:
                kind.delete(self._session, job.arn)
                _log.info("deleted in AWS", kind=kind.word, name=job.name)
        except ResourceNotFound:
            return True
        except ResourceInUse:
            return False
        return True

    def _dependents(self, kind: ResourceKind, job: AwsResource) -> Iterator[tuple[ResourceKind, AwsResource]]:
        for below, key in CHILDREN.get(kind.word, ()):
            for dependent in below.list_all(self._session, **{key: job.arn}):
                yield below, dependent
