"""A house whose stores the fake of AWS trains, with the ``aws`` commands."""

import json
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from forecasting.cli import aws_commands
from forecasting.cli.aws_commands import CommandContext
from forecasting.config.aws_settings import AwsSettings
from forecasting.core.domain import LOCAL_USER, RefreshAnswer, RefreshRun, RunState
from forecasting.engines.aws_forecast.aws_engine import AwsForecastEngine
from forecasting.engines.aws_forecast.aws_session import AwsSession
from tests.aws_fake import AwsFake
from tests.house import House

BUCKET, PREFIX = "sales-of-ours", "planning"
MINUTE = timedelta(minutes=1)
CHANGES = ("Create", "Update", "Put", "Delete", "Stop")
"""The first words of operations that change something."""


_SESSIONS: dict[tuple[AwsFake, str], AwsSession] = {}


def session_to(settings: AwsSettings, aws: AwsFake) -> AwsSession:
    """A session shared by all tests, because creating a client takes longer than a set-up."""
    return _SESSIONS.setdefault((aws, settings.bucket), AwsSession(settings, attempts=1))


class AwsHouse(House):
    """Stores 1 and 2 with sales. A pause of a command advances the clock.

    Attributes
    ----------
    answer
        The answer to every question.
    asked
        The questions.
    """

    def __init__(self, home: Path, aws: AwsFake, **given: Any) -> None:
        settings = AwsSettings(**{"bucket": BUCKET, "prefix": PREFIX, "poll": 5 * MINUTE, **given})
        clock = SimpleNamespace(now=lambda: self.clock.now())  # noqa: PLW0108 - it is made later
        remote = AwsForecastEngine(settings, timedelta(hours=48), clock, session_to(settings, aws))
        super().__init__(home, remote=remote, aws=settings, engine="aws_forecast", horizon=14)
        aws.use_clock(self.clock)
        self.aws, self.remote = aws, remote
        self.answer = ""
        self.asked: list[str] = []
        self.furnish()

    @property
    def group(self) -> Any:
        """As `Storecast.group`."""
        return self.training.train_group.group if self.training.train_group else None

    def run(self, *arguments: str) -> int:
        """Run one command of AWS."""
        session = partial(session_to, aws=self.aws)
        context = CommandContext(self.wait_for, self.clock.turn, self._asked, self.clock, session)
        return aws_commands.run(self, self.settings, arguments, context)  # type: ignore[arg-type] # as good

    def wait_for(self, _: object, answers: Sequence[RefreshAnswer]) -> list[RefreshRun]:
        """Work all runs; return those that failed."""
        self.work()
        runs = [self.services.runs.get(LOCAL_USER, answer.run.run_id) for answer in answers if answer.run]
        return [run for run in runs if run.state is RunState.FAILED]

    def set_aws(self, **given: Any) -> None:
        """Change settings of AWS."""
        aws = self.settings.aws.model_copy(update=given)
        self.settings = self.settings.model_copy(update={"aws": aws})

    def changes(self) -> list[str]:
        """The calls so far that changed something or tried to; those of AWS Forecast last."""
        calls = [*self.aws.other_calls, *self.aws.calls]
        return [each.operation for each in calls if each.operation.startswith(CHANGES)]

    def state(self) -> dict[str, Any]:
        """The whole content of the account, without times."""
        return {
            "forecast": {kind: _named(self.aws.resources(kind)) for kind in KINDS},
            "bucket": self.keys(),
            "closed": self._closed(),
            "role": self._role(),
        }

    def errors(self) -> list[str]:
        """The errors of all runs so far."""
        return [run.error for run in self.storage.runs.recent(99) if run.error]

    def left_over(self) -> dict[str, list[str]]:
        """What exists in AWS Forecast and in our bucket, by kind; kinds without any are left out."""
        found = {kind: [each["CreationTime"] for each in self.aws.resources(kind)] for kind in KINDS}
        return {kind: each for kind, each in {**found, "bucket": self.keys()}.items() if each}

    def keys(self, bucket: str = "") -> list[str]:
        """Keys of the objects in a bucket, by default ours; empty if the bucket does not exist."""
        name = bucket or self.settings.aws.bucket
        if name not in [each["Name"] for each in self.aws.s3.list_buckets()["Buckets"]]:
            return []
        found = self.aws.s3.list_objects_v2(Bucket=name)
        return [each["Key"] for each in found.get("Contents", [])]

    def _closed(self) -> dict[str, bool]:
        found = self.aws.s3.get_public_access_block(Bucket=self.settings.aws.bucket)
        return found["PublicAccessBlockConfiguration"]

    def _role(self) -> dict[str, Any]:
        name = f"{self.settings.aws.group}_forecast"
        role = self.aws.iam.get_role(RoleName=name)["Role"]
        policies = self.aws.iam.list_role_policies(RoleName=name)["PolicyNames"]
        documents = [self.aws.iam.get_role_policy(RoleName=name, PolicyName=each) for each in policies]
        return {
            "trust": role["AssumeRolePolicyDocument"],
            "tags": role["Tags"],
            "policies": {each["PolicyName"]: each["PolicyDocument"] for each in documents},
        }

    def _asked(self, question: str) -> str:
        self.asked.append(question)
        return self.answer


KINDS = (
    "dataset-group",
    "dataset",
    "dataset-import-job",
    "predictor",
    "forecast",
    "predictor-backtest-export-job",
    "forecast-export-job",
)


def _named(found: list[dict[str, Any]]) -> list[str]:
    """The resources without their times, as sorted JSON texts."""
    times = ("CreationTime", "LastModificationTime")
    plain = [{name: value for name, value in each.items() if name not in times} for each in found]
    return sorted(json.dumps(each, default=str, sort_keys=True) for each in plain)
