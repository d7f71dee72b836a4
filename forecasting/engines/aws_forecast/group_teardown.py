"""Remove everything that was created in AWS for a group of stores, each resource after its dependents.

AWS deletes asynchronously. Each step lists what is left, and starts deleting the resources that nothing
depends on. So an interrupted teardown continues when it is run again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineUnavailable
from forecasting.engines.aws_forecast.aws_errors import ResourceInUse, ResourceNotFound
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.bucket import BucketUsage, DataBucket
from forecasting.engines.aws_forecast.dataset_group import find_group
from forecasting.engines.aws_forecast.datasets import Datasets
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from forecasting.engines.aws_forecast.resources import (
    BACKTEST,
    FORECAST,
    FORECAST_EXPORT,
    IMPORT,
    PREDICTOR,
    AwsResource,
    ResourceKind,
)
from forecasting.engines.aws_forecast.service_role import ServiceRole
from forecasting.engines.aws_forecast.time_series_rows import KINDS

GROUP = ResourceKind("DatasetGroup", "dataset_group")
DATASET = ResourceKind("Dataset", "dataset")

_DELETE_FAILED = "DELETE_FAILED"


@dataclass(frozen=True, slots=True)
class GroupResource:
    """One resource of the group in AWS.

    Attributes
    ----------
    parents
        ARNs of the resources it depends on, which can only be deleted after it.
    ours
        Whether its name shows that this installation created it.
    """

    kind: ResourceKind
    job: AwsResource
    parents: tuple[str, ...]
    ours: bool

    @property
    def what(self) -> str:
        """Its kind and name, for a message."""
        return f"{self.kind.word.replace('_', ' ')} {self.job.name}"


@dataclass(frozen=True, slots=True)
class RemainingResources:
    """What still exists of the group.

    Attributes
    ----------
    deletable
        Our resources, dependents first.
    kept
        Resources that somebody else created in the group, and those of ours they depend on.
    """

    deletable: tuple[GroupResource, ...]
    kept: tuple[GroupResource, ...]


class GroupTeardown:
    """Removes one group.

    Parameters
    ----------
    session
        The session with AWS.
    settings
        Group, bucket and role.
    """

    def __init__(self, session: AwsSession, settings: AwsSettings) -> None:
        self._session = session
        self._settings = settings
        self._requested: set[str] = set()

    def remaining(self) -> RemainingResources:
        """Return what still exists in AWS Forecast."""
        needed_by_others: set[str] = set()
        deletable, kept = [], []
        for resource in self._resources():
            if resource.ours and resource.job.arn not in needed_by_others:
                deletable.append(resource)
            else:
                kept.append(resource)
                needed_by_others.update(resource.parents)
        return RemainingResources(tuple(deletable), tuple(kept))

    def delete_next(self) -> RemainingResources:
        """Start deleting the resources that nothing depends on; return what existed before.

        Raises
        ------
        EngineUnavailable
            If AWS failed to delete a resource.
        """
        remaining = self.remaining()
        needed = {arn for resource in remaining.deletable for arn in resource.parents}
        for resource in remaining.deletable:
            if resource.job.arn not in needed:
                self._start_deleting(resource)
        return remaining

    def bucket_usage(self) -> BucketUsage:
        """Return the number and size of our objects in the bucket."""
        return DataBucket(self._session, self._settings).usage()

    def clear_bucket(self) -> int:
        """Delete our objects in the bucket; return how many they were."""
        return DataBucket(self._session, self._settings).clear()

    def has_role(self) -> bool:
        """Return whether a role exists that `aws setup` created.

        Raises
        ------
        NoAccess
            If the credentials do not permit to read roles.
        """
        return not self._settings.role and ServiceRole(self._session, self._settings).exists()

    def delete_role(self) -> None:
        """Delete the role that `aws setup` created, if there is one."""
        if self.has_role():
            ServiceRole(self._session, self._settings).delete()

    def _start_deleting(self, resource: GroupResource) -> None:
        job = resource.job
        if job.status == _DELETE_FAILED and job.arn in self._requested:
            raise EngineUnavailable(
                f"AWS Forecast could not delete the {resource.what}: {job.message or 'no reason given'}"
            )
        try:
            if job.busy:
                self._session.call("stop_resource", ResourceArn=job.arn)
            elif job.deletable or job.status == _DELETE_FAILED:
                resource.kind.delete(self._session, job.arn)
                self._requested.add(job.arn)
        except (ResourceInUse, ResourceNotFound):
            return  # the next step sees the result

    def _resources(self) -> Iterator[GroupResource]:
        """Yield all resources of the group and its datasets, dependents first."""
        names = ResourceNames(self._settings.group)
        datasets = Datasets(self._session, names).find_arns()
        arn = find_group(self._session, names)
        imports = [
            GroupResource(IMPORT, job, (dataset,), names.owns(job.name))
            for dataset in datasets.values()
            for job in IMPORT.list_all(self._session, DatasetArn=dataset)
        ]
        if arn is not None:
            yield from self._trained(names, arn)
            parents = (*(each.job.arn for each in imports), *datasets.values())
            yield from self._existing(GROUP, arn, parents)
        yield from imports
        for kind in KINDS:
            if kind in datasets:
                yield from self._existing(DATASET, datasets[kind], ())

    def _existing(self, kind: ResourceKind, arn: str, parents: tuple[str, ...]) -> Iterator[GroupResource]:
        """Yield one resource of ours, unless it is gone."""
        try:
            yield GroupResource(kind, kind.describe(self._session, arn), parents, ours=True)
        except ResourceNotFound:
            return

    def _trained(self, names: ResourceNames, group: str) -> Iterator[GroupResource]:
        predictors = PREDICTOR.list_all(self._session, DatasetGroupArn=group)
        forecasts = FORECAST.list_all(self._session, DatasetGroupArn=group)
        made_by = {
            job.arn: predictor.arn
            for predictor in predictors
            for job in FORECAST.list_all(self._session, PredictorArn=predictor.arn)
        }
        for kind, parents, field_ in (
            (FORECAST_EXPORT, forecasts, "ForecastArn"),
            (BACKTEST, predictors, "PredictorArn"),
        ):
            for parent in parents:
                for job in kind.list_all(self._session, **{field_: parent.arn}):
                    yield GroupResource(kind, job, (parent.arn,), names.owns(job.name))
        for job in forecasts:
            needed = (made_by[job.arn], group) if job.arn in made_by else (group,)
            yield GroupResource(FORECAST, job, needed, names.owns(job.name))
        for job in predictors:
            yield GroupResource(PREDICTOR, job, (group,), names.owns(job.name))


def count_by_kind(resources: Sequence[GroupResource]) -> list[str]:
    """Return how many resources there are of each kind, such as ``2 predictors``."""
    kinds = dict.fromkeys(resource.kind.word for resource in resources)
    counts = {word: sum(resource.kind.word == word for resource in resources) for word in kinds}
    return [f"{count} {word.replace('_', ' ')}{'s' if count != 1 else ''}" for word, count in counts.items()]
