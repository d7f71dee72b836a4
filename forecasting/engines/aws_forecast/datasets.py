"""Find or create the dataset group and its two datasets, and check that they fit the data sent."""

from typing import Any

from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.engines.aws_forecast.aws_errors import ResourceExists
from forecasting.engines.aws_forecast.aws_session import AwsSession, Description
from forecasting.engines.aws_forecast.dataset_group import find_group
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from forecasting.engines.aws_forecast.time_series_rows import (
    DOMAIN,
    FREQUENCY,
    KINDS,
    RELATED,
    TARGET,
    SeriesLayout,
)


class Datasets:
    """The two datasets of one group.

    Parameters
    ----------
    session
        The session with AWS.
    names
        Names of the group's resources.
    """

    def __init__(self, session: AwsSession, names: ResourceNames) -> None:
        self._session = session
        self._names = names
        self._named = {TARGET: names.target, RELATED: names.related}

    def find_arns(self) -> dict[str, str]:
        """Return the ARNs of the existing datasets, by kind."""
        listed = self._session.list_all("list_datasets", "Datasets")
        arns = {each["DatasetName"]: each["DatasetArn"] for each in listed}
        return {kind: arns[name] for kind, name in self._named.items() if name in arns}

    def ensure(self, layout: SeriesLayout) -> list[str]:
        """Create the missing datasets; return their names.

        Raises
        ------
        EngineUnavailable
            If an existing dataset has another schema.
        EngineBusy
            If a dataset is being created or deleted.
        """
        arns = self.find_arns()
        created = [kind for kind in KINDS if kind not in arns and self._create(kind, layout)]
        if len(created) < len(KINDS):
            arns = self._require_arns()
        for kind in arns.keys() - created:
            self._require_same_schema(kind, arns[kind], layout)
        return [self._named[kind] for kind in created]

    def ensure_group(self) -> bool:
        """Create the group of both datasets, or add them to it; return whether anything was changed.

        Raises
        ------
        EngineUnavailable
            If the group has other datasets as well.
        EngineBusy
            If the group is being deleted, or a dataset is being created.
        """
        arns = self._require_arns()
        wanted = [arns[kind] for kind in KINDS]
        group = find_group(self._session, self._names)
        if group is None:
            return self._create_group(wanted)
        described = self._session.call("describe_dataset_group", DatasetGroupArn=group)
        _require_not_deleting(described, f"the dataset group '{self._names.group}'")
        found = described.get("DatasetArns", [])
        if set(wanted) <= set(found):
            return False
        foreign = sorted(arn.rpartition("/")[2] for arn in set(found) - set(wanted))
        if foreign or described["Domain"] != DOMAIN:
            raise EngineUnavailable(
                f"AWS Forecast: expected a dataset group '{self._names.group}' of domain {DOMAIN} with "
                f"only its own datasets, found {', '.join(foreign) or described['Domain']}; "
                "set another name in STORECAST_AWS_GROUP"
            )
        self._session.call("update_dataset_group", DatasetGroupArn=group, DatasetArns=wanted)
        return True

    def _require_arns(self) -> dict[str, str]:
        """Return the ARNs of both datasets."""
        arns = self.find_arns()
        for kind, name in self._named.items():
            if kind not in arns:
                raise EngineBusy(f"AWS Forecast has created '{name}' but does not list it yet")
        return arns

    def _create(self, kind: str, layout: SeriesLayout) -> bool:
        try:
            self._session.call("create_dataset", DatasetName=self._named[kind], **_parameters(kind, layout))
        except ResourceExists:  # by a concurrent request, or one whose answer was lost
            return False
        return True

    def _create_group(self, datasets: list[str]) -> bool:
        try:
            self._session.call(
                "create_dataset_group",
                DatasetGroupName=self._names.group,
                Domain=DOMAIN,
                DatasetArns=datasets,
            )
        except ResourceExists:
            return False
        return True

    def _require_same_schema(self, kind: str, arn: str, layout: SeriesLayout) -> None:
        described = self._session.call("describe_dataset", DatasetArn=arn)
        what = f"the dataset '{self._named[kind]}'"
        _require_not_deleting(described, what)
        for field, wanted in _parameters(kind, layout).items():
            found = described.get(field)
            if found != wanted:
                raise EngineUnavailable(
                    f"AWS Forecast: expected {what} with {_describe_field(field, wanted)}, "
                    f"found {_describe_field(field, found)}; "
                    "set another group in STORECAST_AWS_GROUP, or remove this one with `aws teardown`"
                )


def _parameters(kind: str, layout: SeriesLayout) -> dict[str, Any]:
    """Return the parameters of a dataset, except for its name."""
    return {
        "Domain": DOMAIN,
        "DatasetType": kind,
        "DataFrequency": FREQUENCY,
        "Schema": layout.schema(kind),
    }


def _describe_field(field: str, value: object) -> str:
    if field == "Schema" and isinstance(value, dict):
        columns = (f"{each['AttributeName']} {each['AttributeType']}" for each in value["Attributes"])
        return f"the columns {', '.join(columns)}"
    return f"{field} {value}"


def _require_not_deleting(described: Description, what: str) -> None:
    if str(described.get("Status", "")).startswith("DELETE_"):
        raise EngineBusy(f"AWS Forecast: {what} is being deleted; try again when it is gone")
