"""Resources that existed in the account before the app."""

from datetime import datetime, timedelta
from typing import Any

from tests.aws_fake.account import Account, Knobs
from tests.aws_fake.inputs import dimensions_of
from tests.aws_fake.resources import FORECAST, GROUP, PENDING, PREDICTOR, RUNNING, STOPPING, Resource


class SeededResources:
    """Adds resources that the app did not create; part of `AwsFake`."""

    _account: Account
    clock: Any

    @property
    def knobs(self) -> Knobs:
        """The settings of one test."""
        return self._account.knobs

    def add_group(self, name: str, *, created: datetime | None = None, domain: str = "CUSTOM") -> str:
        """Add a dataset group; return its ARN."""
        arn = self._account.new_arn(GROUP, name)
        attributes = {"Domain": domain, "DatasetArns": []}
        self._account.add(Resource(GROUP, arn, name, created or self.clock.now(), attributes))
        return arn

    def add_predictor(
        self,
        name: str,
        *,
        group: str,
        created: datetime | None = None,
        status: str = "ACTIVE",
        auto: bool = True,
        horizon: int = 28,
        message: str = "",
    ) -> str:
        """Add an auto or legacy predictor to a group (name or ARN); return its ARN."""
        parent = self._group(group)
        attributes: dict[str, Any] = {
            "DatasetGroupArn": parent,
            "ForecastHorizon": horizon,
            "ForecastTypes": ["0.1", "0.5", "0.9", "mean"],
            "ForecastFrequency": "D",
            "ForecastDimensions": dimensions_of(self._account, self._account.find(parent)),
            "IsAutoPredictor": auto,
        }
        if not attributes["ForecastDimensions"]:
            del attributes["ForecastDimensions"]
        if auto:
            attributes |= {"DataConfig": {"DatasetGroupArn": parent}, "AttributeConfigs": []}
        else:
            attributes |= {
                "AlgorithmArn": "arn:aws:forecast:::algorithm/Prophet",
                "InputDataConfig": {"DatasetGroupArn": parent},
                "FeaturizationConfig": {"ForecastFrequency": "D"},
            }
        arn = self._account.new_arn(PREDICTOR, name, unique=auto)
        return self._seed(
            Resource(PREDICTOR, arn, name, created or self.clock.now(), attributes, (parent,)),
            status,
            message,
        )

    def add_forecast(
        self,
        name: str,
        *,
        predictor: str,
        created: datetime | None = None,
        status: str = "ACTIVE",
        message: str = "",
    ) -> str:
        """Add a forecast without values to a predictor (ARN); return its ARN."""
        parent = self._account.find(predictor, PREDICTOR)
        auto = parent.attributes["IsAutoPredictor"]
        attributes = {
            "PredictorArn": predictor,
            "DatasetGroupArn": parent.attributes["DatasetGroupArn"],
            "ForecastTypes": parent.attributes["ForecastTypes"],
            "CreatedUsingAutoPredictor": auto,
        }
        arn = self._account.new_arn(FORECAST, name, unique=auto)
        made = Resource(FORECAST, arn, name, created or self.clock.now(), attributes, (predictor,))
        return self._seed(made, status, message)

    def _group(self, group: str) -> str:
        found = [each.arn for each in self._account.of(GROUP) if group in (each.name, each.arn)]
        return found[0] if found else self.add_group(group)

    def _seed(self, resource: Resource, status: str, message: str) -> str:
        if status in RUNNING:
            self._make_running(resource, status)
        else:
            resource.settled, resource.ended, resource.message = status, resource.created, message
        return self._account.add(resource).arn

    def _make_running(self, resource: Resource, status: str) -> None:
        """Make it take the usual time from now on; a pending one stays pending until the end."""
        since = self.clock.now() - resource.created
        resource.takes = since + timedelta(minutes=self.knobs.minutes[resource.kind.job])
        resource.waits = 1.0 if status == PENDING else 0.0
        if status == STOPPING:
            resource.stopped = self.clock.now()
