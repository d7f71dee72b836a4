"""The dataset group that `aws setup` made."""

from collections.abc import Mapping
from dataclasses import dataclass

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineUnavailable
from forecasting.core.ports import Clock
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.data import KINDS, RELATED, TARGET, Layout
from forecasting.engines.aws_forecast.names import Names


@dataclass(frozen=True, slots=True)
class DatasetGroup:
    """A dataset group and its datasets.

    Attributes
    ----------
    datasets
        ARN by kind of dataset.
    layout
        What the schema of the target says.
    """

    arn: str
    datasets: Mapping[str, str]
    layout: Layout


def find_group(session: ForecastSession, names: Names) -> str | None:
    """ARN of the dataset group; None where there is none of that name."""
    groups = session.every("list_dataset_groups", "DatasetGroups")
    return next((each["DatasetGroupArn"] for each in groups if each["DatasetGroupName"] == names.group), None)


class InGroup:
    """What looks at one dataset group in AWS; it remembers nothing, and looks each time.

    Parameters
    ----------
    session
        To AWS.
    settings
        Which group.
    clock
        Ages are by it.
    group
        ARN of the dataset group, if it has just been looked up; else it is each time.
    """

    def __init__(
        self, session: ForecastSession, settings: AwsSettings, clock: Clock, group: str | None = None
    ) -> None:
        self._session = session
        self._names = Names(settings.group)
        self._clock = clock
        self._group = group

    def _found_group(self) -> str | None:
        return self._group or find_group(self._session, self._names)


def require_group(session: ForecastSession, names: Names) -> DatasetGroup:
    """The dataset group with both datasets.

    Raises
    ------
    EngineUnavailable
        If AWS has not been set up.
    """
    arn = find_group(session, names)
    if arn is None:
        raise EngineUnavailable(
            f"AWS Forecast: expected the dataset group '{names.group}', found none; "
            "`python -m forecasting aws setup` makes it"
        )
    described = session.ask("describe_dataset_group", DatasetGroupArn=arn)
    named = {each.rpartition("/")[2]: each for each in described.get("DatasetArns", ())}
    wanted = {TARGET: names.target, RELATED: names.related}
    missing = [name for name in wanted.values() if name not in named]
    if missing:
        raise EngineUnavailable(
            f"AWS Forecast: expected the dataset '{missing[0]}' in the group '{names.group}', found none; "
            "`python -m forecasting aws setup` makes it"
        )
    datasets = {kind: named[wanted[kind]] for kind in KINDS}
    target = session.ask("describe_dataset", DatasetArn=datasets[TARGET])
    return DatasetGroup(arn, datasets, Layout.of_schema(target.get("Schema", {})))


def role_arn(settings: AwsSettings, group_arn: str) -> str:
    """The role AWS Forecast uses for the bucket: the one that is set, else ours in the same account."""
    _, partition, _, _, account, _ = group_arn.split(":", 5)
    return settings.role or f"arn:{partition}:iam::{account}:role/{Names(settings.group).role}"
