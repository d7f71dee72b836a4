"""The output of the ``aws`` commands."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from forecasting.config.aws_settings import AwsSettings
from forecasting.core import wording
from forecasting.engines.aws_forecast.bucket import BucketUsage
from forecasting.engines.aws_forecast.group_status import (
    CLOSED_NOTICE,
    FORECAST_QUOTA,
    GroupStatus,
    ResourceStatus,
)
from forecasting.engines.aws_forecast.group_teardown import RemainingResources, count_by_kind
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from forecasting.engines.aws_forecast.resources import AwsResource

MEGABYTE = 1e6
HOUR = timedelta(hours=1)
NEWEST = 5
"""How many imports, predictors and forecasts are listed for people."""


@dataclass(frozen=True, slots=True)
class RemovalPlan:
    """What ``aws teardown`` would remove; false if there is nothing.

    Attributes
    ----------
    left
        What exists in AWS Forecast.
    stored
        The objects in the bucket.
    has_role
        Whether ``aws setup`` created a role that still exists.
    """

    left: RemainingResources
    stored: BucketUsage
    has_role: bool

    def __bool__(self) -> bool:
        return bool(self.left.deletable or self.stored.objects or self.has_role)


def status_document(found: GroupStatus, settings: AwsSettings) -> dict[str, Any]:
    """Return the state of the group as JSON types: instants in ISO 8601, ages in seconds."""
    document = dataclasses.asdict(found)
    for name in ("imports", "predictors", "forecasts"):
        for entry in document[name]:
            entry["created_at"] = entry["created_at"].isoformat()
            entry["age_seconds"] = entry.pop("age").total_seconds()
    if found.estimate is not None:
        document["estimate"]["cost"] = found.estimate.total(settings.rates)
    return document | {
        "news": CLOSED_NOTICE,
        "group_name": settings.group,
        "bucket": _place(settings),
        "forecasts_quota": FORECAST_QUOTA,
        "trainings_a_day": settings.trainings_a_day,
    }


def status_lines(found: GroupStatus, settings: AwsSettings) -> Iterator[str]:
    """Yield the state of the group, line by line."""
    yield f"AWS Forecast  {found.message}"
    yield f"              {CLOSED_NOTICE}"
    yield f"bucket        {_place(settings)}"
    if not found.reachable:
        return
    yield f"group         {settings.group}{'' if found.group else ': none yet; `aws setup` creates it'}"
    yield f"datasets      {', '.join(found.datasets) or 'none'}"
    yield from _entries("imports", found.imports)
    yield from _entries("predictors", found.predictors)
    yield from _entries("forecasts", found.forecasts)
    yield f"quota         {found.forecasts_in_account} of {FORECAST_QUOTA} forecasts in the account"
    yield from estimate_lines(found, settings)


def estimate_lines(found: GroupStatus, settings: AwsSettings) -> Iterator[str]:
    """Yield the number of recent trainings and what the next one needs, line by line."""
    most = settings.trainings_a_day
    cap = "no cap" if most is None else f"{most} allowed"
    yield f"trainings     {found.trainings} started within 24 hours, {cap}"
    if found.estimate is None:
        yield "next training n/a: no store with sales has this engine"
        return
    words = found.estimate.words(settings.rates)
    quantities = (
        f"{words['gigabytes']} GB imported, {words['hours']} hours, {words['points']} forecast points"
    )
    yield f"next training about {quantities}; cost {words['cost']}"


def time_left(jobs: Sequence[AwsResource]) -> str:
    """Return how much longer the imports take; empty if AWS does not say."""
    longest = max((job.remaining for job in jobs if job.remaining is not None), default=None)
    return "" if longest is None else f"about {longest / timedelta(minutes=1):.0f} min left"


def removal_lines(plan: RemovalPlan, settings: AwsSettings) -> Iterator[str]:
    """Yield what would be removed, what stays, and what either costs, line by line."""
    left, stored = plan.left, plan.stored
    if left.kept:
        kept = ", ".join(thing.what for thing in left.kept)
        yield f"stays, because it or something that depends on it was created elsewhere: {kept}"
    if not plan:
        yield f"nothing of '{settings.group}' is left to remove"
        return
    counts = ", ".join(count_by_kind(left.deletable)) or "nothing"
    yield f"in AWS Forecast: {counts}; AWS charges for creating them; only what is in progress costs more"
    objects, size = wording.counted(stored.objects, "object"), f"{stored.size / MEGABYTE:,.1f} MB"
    yield f"in {_place(settings)}: {objects}, {size}; S3 charges as long as they exist"
    if plan.has_role:
        yield f"the role {ResourceNames(settings.group).role}; it costs nothing"


def _entries(what: str, entries: Sequence[ResourceStatus]) -> Iterator[str]:
    for number, entry in enumerate(entries[:NEWEST]):
        whose = "" if entry.ours else ", created elsewhere"
        yield f"{'' if number else what:<13} {entry.name} {entry.status}, {_age(entry.age)} old{whose}"
    if len(entries) > NEWEST:
        yield f"              and {len(entries) - NEWEST:,} older"
    if not entries:
        yield f"{what:<13} none"


def _age(age: timedelta) -> str:
    return f"{age / HOUR:,.1f} hours" if age < 4 * timedelta(days=1) else f"{age.days} days"


def _place(settings: AwsSettings) -> str:
    return f"s3://{settings.bucket}/{settings.prefix}".rstrip("/")
