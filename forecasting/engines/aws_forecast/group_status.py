"""Report what exists in AWS for a group of stores, without changing anything."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.ports import Clock
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.dataset_group import find_group
from forecasting.engines.aws_forecast.datasets import Datasets
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from forecasting.engines.aws_forecast.resources import FORECAST, IMPORT, PREDICTOR, AwsResource
from forecasting.engines.aws_forecast.training_cost import DAY, CostEstimate, estimate_cost

FORECAST_QUOTA = 10
"""Forecasts an account may have, unless AWS has raised its quota."""

CLOSED_NOTICE = (
    "AWS Forecast has been closed to new customers since 29 July 2024; existing customers can still use it."
)


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """The state of one resource in AWS.

    Attributes
    ----------
    age
        Time since its creation was requested.
    ours
        Whether its name shows that this installation created it.
    """

    name: str
    status: str
    created_at: datetime
    age: timedelta
    ours: bool


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """What exists in AWS for one group.

    Attributes
    ----------
    reachable, message
        As in `AccessCheck`. If AWS is not reachable, the other attributes are empty.
    group
        ARN of the dataset group; None if there is none.
    datasets
        Names of the existing datasets.
    imports
        The newest import of each dataset.
    predictors, forecasts
        Those of the group, newest first.
    forecasts_in_account
        Number of forecasts in the whole account, to which the quota applies.
    trainings
        Number of trainings started within 24 hours, whoever started them.
    estimate
        What the next training will cost; None if there is no store to train.
    """

    reachable: bool
    message: str
    group: str | None = None
    datasets: tuple[str, ...] = ()
    imports: tuple[ResourceStatus, ...] = ()
    predictors: tuple[ResourceStatus, ...] = ()
    forecasts: tuple[ResourceStatus, ...] = ()
    forecasts_in_account: int = 0
    trainings: int = 0
    estimate: CostEstimate | None = field(default=None)


def read_group_status(
    session: AwsSession, settings: AwsSettings, clock: Clock, series: int, horizon: int
) -> GroupStatus:
    """Read the state of a group from AWS.

    Parameters
    ----------
    series
        Number of series in the next training; 0 if there is no store to train.
    horizon
        Days to forecast for each.

    Raises
    ------
    EngineUnavailable, EngineBusy
        If AWS can be reached but refuses a request.
    """
    check = session.check_access()
    if not check.reachable:
        return GroupStatus(reachable=False, message=check.message)
    names, now = ResourceNames(settings.group), clock.now()
    group = find_group(session, names)
    datasets = Datasets(session, names).find_arns()
    imports = [_newest_import(session, arn) for arn in datasets.values()]
    known = [each for each in imports if each is not None]
    sizes = [None if each is None else each.gigabytes for each in imports]
    predictors = PREDICTOR.list_all(session, DatasetGroupArn=group) if group else []
    forecasts = FORECAST.list_all(session, DatasetGroupArn=group) if group else []

    def entries(jobs: Iterable[AwsResource]) -> tuple[ResourceStatus, ...]:
        return tuple(
            ResourceStatus(job.name, job.status, job.created_at, now - job.created_at, names.owns(job.name))
            for job in jobs
        )

    return GroupStatus(
        reachable=True,
        message=check.message,
        group=group,
        datasets=tuple(arn.rpartition("/")[2] for arn in datasets.values()),
        imports=entries(known),
        predictors=entries(predictors),
        forecasts=entries(forecasts),
        forecasts_in_account=len(FORECAST.list_all(session)),
        trainings=sum(now - each.created_at < DAY for each in predictors),
        estimate=estimate_cost(sizes, predictors, series, horizon) if series else None,
    )


def _newest_import(session: AwsSession, dataset: str) -> AwsResource | None:
    found = IMPORT.list_all(session, DatasetArn=dataset)
    return IMPORT.describe(session, found[0].arn) if found else None
