"""The dataset group that `aws setup` created."""

from collections.abc import Mapping
from dataclasses import dataclass

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineUnavailable
from forecasting.core.ports import Clock
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from forecasting.engines.aws_forecast.time_series_rows import KINDS, RELATED, TARGET, SeriesLayout


@dataclass(frozen=True, slots=True)
class DatasetGroup:
    """A dataset group and its datasets.

    Attributes
    ----------
    datasets
        ARN of each dataset, by kind.
    layout
        The layout of the target dataset's schema.
    """

    arn: str
    datasets: Mapping[str, str]
    layout: SeriesLayout


def find_group(session: AwsSession, names: ResourceNames) -> str | None:
    """Return the ARN of the dataset group, or None if there is none of that name."""
    groups = session.list_all("list_dataset_groups", "DatasetGroups")
    return next((each["DatasetGroupArn"] for each in groups if each["DatasetGroupName"] == names.group), None)


class GroupClient:
    """Base class of clients of one dataset group. They keep no state and ask AWS every time.

    Parameters
    ----------
    session
        The session with AWS.
    settings
        Names the group.
    clock
        Gives the current time, from which ages are computed.
    group
        ARN of the dataset group, if known; otherwise it is looked up every time.
    """

    def __init__(
        self, session: AwsSession, settings: AwsSettings, clock: Clock, group: str | None = None
    ) -> None:
        self._session = session
        self._names = ResourceNames(settings.group)
        self._clock = clock
        self._group = group

    def _find_group(self) -> str | None:
        return self._group or find_group(self._session, self._names)


def require_group(session: AwsSession, names: ResourceNames) -> DatasetGroup:
    """Return the dataset group with both datasets.

    Raises
    ------
    EngineUnavailable
        If `aws setup` has not been run.
    """
    arn = find_group(session, names)
    if arn is None:
        raise EngineUnavailable(
            f"AWS Forecast: expected the dataset group '{names.group}', found none; "
            "`python -m forecasting aws setup` creates it"
        )
    described = session.call("describe_dataset_group", DatasetGroupArn=arn)
    named = {each.rpartition("/")[2]: each for each in described.get("DatasetArns", ())}
    wanted = {TARGET: names.target, RELATED: names.related}
    missing = [name for name in wanted.values() if name not in named]
    if missing:
        raise EngineUnavailable(
            f"AWS Forecast: expected the dataset '{missing[0]}' in the group '{names.group}', found none; "
            "`python -m forecasting aws setup` creates it"
        )
    datasets = {kind: named[wanted[kind]] for kind in KINDS}
    target = session.call("describe_dataset", DatasetArn=datasets[TARGET])
    return DatasetGroup(arn, datasets, SeriesLayout.from_schema(target.get("Schema", {})))


def role_arn(settings: AwsSettings, group_arn: str) -> str:
    """Return the ARN of the role with which AWS Forecast accesses the bucket."""
    _, partition, _, _, account, _ = group_arn.split(":", 5)
    return settings.role or f"arn:{partition}:iam::{account}:role/{ResourceNames(settings.group).role}"
