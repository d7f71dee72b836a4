"""How things stand in AWS for a group of stores, for people and for machines; looks, and changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.ports import Clock
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.cost import DAY, Estimate, estimate
from forecasting.engines.aws_forecast.datasets import Datasets
from forecasting.engines.aws_forecast.group import find_group
from forecasting.engines.aws_forecast.jobs import FORECAST, IMPORT, PREDICTOR, Job
from forecasting.engines.aws_forecast.names import Names

FORECASTS = 10
"""Forecasts an account may have, unless AWS has raised the quota."""

NEWS = "AWS Forecast has been closed to new customers since 29 July 2024; existing ones go on using it."


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in AWS.

    Attributes
    ----------
    age
        Since it was asked for.
    ours
        Whether it was made here, by its name.
    """

    name: str
    status: str
    created_at: datetime
    age: timedelta
    ours: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand.

    Attributes
    ----------
    reachable, message
        Whether AWS Forecast is there for us, and in words.
    group
        ARN of the dataset group; None where there is none.
    imports
        The newest of each dataset.
    predictors, forecasts
        Of the group, newest first.
    forecasts_in_account
        Those of everybody: the quota is of them.
    trainings
        Begun within 24 hours, whoever began them.
    estimate
        What the next training takes; None where there is no store to train.
    """

    reachable: bool
    message: str
    group: str | None = None
    datasets: tuple[str, ...] = ()
    imports: tuple[Entry, ...] = ()
    predictors: tuple[Entry, ...] = ()
    forecasts: tuple[Entry, ...] = ()
    forecasts_in_account: int = 0
    trainings: int = 0
    estimate: Estimate | None = field(default=None)


def standing(
    session: ForecastSession, settings: AwsSettings, clock: Clock, series: int, horizon: int
) -> Standing:
    """Look.

    Parameters
    ----------
    series, horizon
        How many are trained next, and how many days of each are forecast; 0 where there is no store.

    Raises
    ------
    EngineUnavailable, EngineBusy
        If AWS can be reached, and then refuses.
    """
    probe = session.probe()
    if not probe.reachable:
        return Standing(reachable=False, message=probe.message)
    names, now = Names(settings.group), clock.now()
    group = find_group(session, names)
    datasets = Datasets(session, names).found()
    imports = [_newest_import(session, arn) for arn in datasets.values()]
    known = [each for each in imports if each is not None]
    sizes = [None if each is None else each.gigabytes for each in imports]
    predictors = PREDICTOR.listed(session, DatasetGroupArn=group) if group else []
    forecasts = FORECAST.listed(session, DatasetGroupArn=group) if group else []

    def entries(jobs: Iterable[Job]) -> tuple[Entry, ...]:
        return tuple(
            Entry(job.name, job.status, job.created_at, now - job.created_at, names.owns(job.name))
            for job in jobs
        )

    return Standing(
        reachable=True,
        message=probe.message,
        group=group,
        datasets=tuple(arn.rpartition("/")[2] for arn in datasets.values()),
        imports=entries(known),
        predictors=entries(predictors),
        forecasts=entries(forecasts),
        forecasts_in_account=len(FORECAST.listed(session)),
        trainings=sum(now - each.created_at < DAY for each in predictors),
        estimate=estimate(sizes, predictors, series, horizon) if series else None,
    )


def _newest_import(session: ForecastSession, dataset: str) -> Job | None:
    found = IMPORT.listed(session, DatasetArn=dataset)
    return IMPORT.described(session, found[0].arn) if found else None
