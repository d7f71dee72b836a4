"""The dataset group and its two datasets: found, or made, and held against what is sent."""

from typing import Any

from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.engines.aws_forecast.connection import ForecastSession, Found
from forecasting.engines.aws_forecast.data import DOMAIN, FREQUENCY, KINDS, RELATED, TARGET, Layout
from forecasting.engines.aws_forecast.faults import AlreadyThere
from forecasting.engines.aws_forecast.group import find_group
from forecasting.engines.aws_forecast.names import Names


class Datasets:
    """Those of one group.

    Parameters
    ----------
    session
        To AWS.
    names
        What they are called.
    """

    def __init__(self, session: ForecastSession, names: Names) -> None:
        self._session = session
        self._names = names
        self._named = {TARGET: names.target, RELATED: names.related}

    def found(self) -> dict[str, str]:
        """ARNs of those there are, by kind."""
        listed = self._session.every("list_datasets", "Datasets")
        arns = {each["DatasetName"]: each["DatasetArn"] for each in listed}
        return {kind: arns[name] for kind, name in self._named.items() if name in arns}

    def ensure(self, layout: Layout) -> list[str]:
        """Make those that are missing; their names.

        Raises
        ------
        EngineUnavailable
            If one is there that is something else.
        EngineBusy
            If one is just being deleted, or made.
        """
        there = self.found()
        made = [kind for kind in KINDS if kind not in there and self._make(kind, layout)]
        if len(made) < len(KINDS):
            there = self._required()
        for kind in there.keys() - made:
            self._require_same(kind, there[kind], layout)
        return [self._named[kind] for kind in made]

    def ensure_group(self) -> bool:
        """Make the group of both datasets, or put them into it; tell whether anything was to be done.

        Raises
        ------
        EngineUnavailable
            If there is one of that name with other datasets.
        EngineBusy
            If it is just being deleted, or a dataset is just being made.
        """
        arns = self._required()
        wanted = [arns[kind] for kind in KINDS]
        group = find_group(self._session, self._names)
        if group is None:
            return self._make_group(wanted)
        described = self._session.ask("describe_dataset_group", DatasetGroupArn=group)
        _require_there(described, f"the dataset group '{self._names.group}'")
        found = described.get("DatasetArns", [])
        if set(wanted) <= set(found):
            return False
        foreign = sorted(arn.rpartition("/")[2] for arn in set(found) - set(wanted))
        if foreign or described["Domain"] != DOMAIN:
            raise EngineUnavailable(
                f"AWS Forecast: expected a dataset group '{self._names.group}' of domain {DOMAIN} with "
                f"datasets of ours alone, found {', '.join(foreign) or described['Domain']}; "
                "another name is set by STORECAST_AWS_GROUP"
            )
        self._session.ask("update_dataset_group", DatasetGroupArn=group, DatasetArns=wanted)
        return True

    def _required(self) -> dict[str, str]:
        """ARNs of both."""
        there = self.found()
        for kind, name in self._named.items():
            if kind not in there:
                raise EngineBusy(f"AWS Forecast has '{name}' already, but does not list it yet")
        return there

    def _make(self, kind: str, layout: Layout) -> bool:
        try:
            self._session.ask("create_dataset", DatasetName=self._named[kind], **_asked(kind, layout))
        except AlreadyThere:  # made meanwhile, or by a request whose answer was lost
            return False
        return True

    def _make_group(self, datasets: list[str]) -> bool:
        try:
            self._session.ask(
                "create_dataset_group",
                DatasetGroupName=self._names.group,
                Domain=DOMAIN,
                DatasetArns=datasets,
            )
        except AlreadyThere:
            return False
        return True

    def _require_same(self, kind: str, arn: str, layout: Layout) -> None:
        described = self._session.ask("describe_dataset", DatasetArn=arn)
        what = f"the dataset '{self._named[kind]}'"
        _require_there(described, what)
        for field, wanted in _asked(kind, layout).items():
            found = described.get(field)
            if found != wanted:
                raise EngineUnavailable(
                    f"AWS Forecast: expected {what} with {_told(field, wanted)}, "
                    f"found {_told(field, found)}; "
                    "another group is set by STORECAST_AWS_GROUP, or `aws teardown` makes room for a new one"
                )


def _asked(kind: str, layout: Layout) -> dict[str, Any]:
    """What a dataset is, but for its name."""
    return {
        "Domain": DOMAIN,
        "DatasetType": kind,
        "DataFrequency": FREQUENCY,
        "Schema": layout.schema(kind),
    }


def _told(field: str, value: object) -> str:
    if field == "Schema" and isinstance(value, dict):
        columns = (f"{each['AttributeName']} {each['AttributeType']}" for each in value["Attributes"])
        return f"the columns {', '.join(columns)}"
    return f"{field} {value}"


def _require_there(described: Found, what: str) -> None:
    if str(described.get("Status", "")).startswith("DELETE_"):
        raise EngineBusy(
            f"AWS Forecast: {what} is just being deleted; once it is gone this can be asked again"
        )
