"""The commands ``python -m forecasting aws setup | status | train | teardown``."""

import argparse
import dataclasses
import json
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

from tqdm import tqdm

from forecasting.bootstrap import Storecast
from forecasting.cli import aws_output
from forecasting.config.aws_settings import AwsSettings
from forecasting.config.clock import SystemClock
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, RefreshAnswer, RefreshRun
from forecasting.core.errors import (
    EngineBusy,
    EngineUnavailable,
    InvalidRequest,
    InvalidSetting,
    UnknownSeries,
)
from forecasting.core.ports import Clock
from forecasting.engines.aws_forecast.aws_errors import NoAccess
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.group_setup import GroupSetup
from forecasting.engines.aws_forecast.group_status import GroupStatus, read_group_status
from forecasting.engines.aws_forecast.group_teardown import GroupTeardown
from forecasting.engines.aws_forecast.resources import AwsResource
from forecasting.engines.aws_forecast.time_series_rows import layout_for
from forecasting.engines.aws_forecast.trainer import Trainer
from forecasting.engines.aws_forecast.training_cost import require_allowance
from forecasting.training.store_files import StoreFiles
from forecasting.training.store_group import StoreGroup

Value = TypeVar("Value")

ATTEMPTS = 10
"""How often a question to AWS is asked in a row before its failure is final."""

PROGRESS_SECONDS = 0.1
"""Commands that end within this time show no progress bar."""

WaitFor = Callable[[Storecast, Sequence[RefreshAnswer]], list[RefreshRun]]
"""Works the runs of the answers until they have ended; returns those that failed."""


def sleep(duration: timedelta) -> None:
    """Block this thread for a duration."""
    threading.Event().wait(duration.total_seconds())


@dataclass(frozen=True, slots=True)
class CommandContext:
    """Everything outside this module that the commands use, so that tests can replace it.

    Attributes
    ----------
    wait_for
        See `WaitFor`.
    pause
        Blocks for a duration.
    ask
        Prints a question and returns the answer of the user.
    clock
        Tells the current time.
    session
        Opens a session with AWS.
    """

    wait_for: WaitFor
    pause: Callable[[timedelta], None] = sleep
    ask: Callable[[str], str] = input
    clock: Clock = dataclasses.field(default_factory=SystemClock)
    session: Callable[[AwsSettings], AwsSession] = AwsSession


def run(storecast: Storecast, settings: Settings, arguments: Sequence[str], context: CommandContext) -> int:
    """Run one command and return its exit code.

    Raises
    ------
    InvalidSetting
        If AWS is not set up here.
    """
    parsed = _parser().parse_args(arguments)
    if storecast.group is None:
        raise InvalidSetting(
            f"aws {parsed.command}: expected STORECAST_AWS_BUCKET to be set, such as s3://bucket/storecast, "
            "found it empty"
        )
    session = context.session(settings.aws)
    return int(parsed.run(AwsCommands(storecast, storecast.group, settings, session, context), parsed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m forecasting aws", description="AWS Forecast")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    setup = commands.add_parser("setup", help="create what AWS needs, and send the history")
    setup.add_argument(
        "--no-wait", action="store_true", help="do not wait until AWS has imported the history"
    )
    setup.set_defaults(run=AwsCommands.setup)
    status = commands.add_parser("status", help="print what exists in AWS, and what the next training needs")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=AwsCommands.status)
    train = commands.add_parser("train", help="train the stores of the group now")
    train.add_argument("--yes", action="store_true", help="do not ask")
    train.set_defaults(run=AwsCommands.train)
    teardown = commands.add_parser("teardown", help="remove everything that was created in AWS")
    teardown.add_argument("--yes", action="store_true", help="do not ask")
    teardown.set_defaults(run=AwsCommands.teardown)
    return parser


@dataclass(frozen=True, slots=True)
class AwsCommands:
    """The commands, on one state folder and one AWS account.

    Attributes
    ----------
    group
        The stores that AWS trains.
    """

    storecast: Storecast
    group: StoreGroup
    settings: Settings
    session: AwsSession
    context: CommandContext

    def setup(self, parsed: argparse.Namespace) -> int:
        """Create what is missing, send the history, and wait until AWS has imported it."""
        self._require_reachable()
        members = self._members()
        set_up = GroupSetup(self.session, self.settings.aws, tqdm.write, self.context.pause)
        with tqdm(total=len(members), unit="store", delay=PROGRESS_SECONDS, leave=False) as bar:
            job = self.group.job(members, self.context.clock.now(), lambda number: _show(bar, number))
            ticket = set_up.begin(layout_for([each.sales.items for each in members]), job)
        if parsed.no_wait:
            print("`python -m forecasting aws status` shows when the import is finished")
            return 0
        self._wait_for_imports(partial(set_up.poll_imports, ticket))
        print("AWS Forecast is set up; `python -m forecasting aws train` trains")
        return 0

    def status(self, parsed: argparse.Namespace) -> int:
        """Print the state of the group. An account that can't be reached is a state too, not a failure."""
        found = self._group_status()
        if parsed.json:
            print(json.dumps(aws_output.status_document(found, self.settings.aws)))
        else:
            print("\n".join(aws_output.status_lines(found, self.settings.aws)))
        return 0

    def train(self, parsed: argparse.Namespace) -> int:
        """Print the estimate, ask, request a training of the group, and wait for it."""
        self._require_reachable()
        store = self._members()[0].store
        print("\n".join(aws_output.estimate_lines(self._group_status(), self.settings.aws)))
        trainer = Trainer(self.session, self.settings.aws, self.context.clock)
        require_allowance(self.settings.aws.trainings_a_day, trainer.predictors(), self.context.clock.now())
        if not parsed.yes and self._ask("Train now? [y/N] ").lower() not in ("y", "yes"):
            raise InvalidRequest("aws train: expected yes, found no; nothing was started")
        answer = self.storecast.services.refreshing.refresh(LOCAL_USER, store, force=True)
        print(answer.message)
        failed = self.context.wait_for(self.storecast, [answer])
        for each in failed:
            print(f"{each.target}: {each.error}", file=sys.stderr)
        return 1 if failed else 0

    def teardown(self, parsed: argparse.Namespace) -> int:
        """Print what exists, ask, and remove it, children before their parents."""
        self._require_reachable()
        down = GroupTeardown(self.session, self.settings.aws)
        plan = aws_output.RemovalPlan(down.remaining(), down.bucket_usage(), self._has_role(down))
        print("\n".join(aws_output.removal_lines(plan, self.settings.aws)))
        if not plan:
            return 0
        name = self.settings.aws.group
        if not parsed.yes and self._ask(f"Type {name} to remove it: ") != name:
            raise InvalidRequest(
                f"aws teardown: expected '{name}', found something else; nothing was removed"
            )
        self._remove(down)
        if plan.has_role:
            down.delete_role()
        print(f"removed; the bucket {self.settings.aws.bucket} itself stays")
        return 0

    def _remove(self, down: GroupTeardown) -> None:
        """Remove everything that can be removed from AWS Forecast, then the objects of the bucket."""
        total = len(down.remaining().deletable)
        with tqdm(total=total, unit="thing", disable=not total) as bar:
            while left := self._with_patience(down.delete_next).deletable:
                _show(bar, total - len(left))
                self.context.pause(self.settings.aws.poll)
            _show(bar, total)
        down.clear_bucket()

    def _has_role(self, down: GroupTeardown) -> bool:
        try:
            return down.has_role()
        except NoAccess as error:
            print(f"{error}; a role that `aws setup` created stays")
            return False

    def _wait_for_imports(self, poll: Callable[[], Sequence[AwsResource]]) -> None:
        """Poll until every import is finished, with a progress bar."""
        jobs = self._with_patience(poll)
        with tqdm(total=len(jobs), unit="import") as bar:
            while not all(job.active for job in jobs):
                bar.set_postfix_str(aws_output.time_left(jobs))
                _show(bar, sum(job.active for job in jobs))
                self.context.pause(self.settings.aws.poll)
                jobs = self._with_patience(poll)
            _show(bar, len(jobs))

    def _with_patience(self, question: Callable[[], Value]) -> Value:
        """Return what AWS answers. While it is too busy to answer, ask again after a pause."""
        for _ in range(ATTEMPTS - 1):
            try:
                return question()
            except EngineBusy:
                self.context.pause(self.settings.aws.poll)
        return question()

    def _require_reachable(self) -> None:
        check = self.session.check_access()
        if not check.reachable:
            raise EngineUnavailable(check.message)

    def _members(self) -> list[StoreFiles]:
        try:
            return self.group.members()
        except UnknownSeries as error:
            raise InvalidRequest(
                "aws: expected stores with sales history whose engine is aws_forecast (STORECAST_ENGINE), "
                "found none"
            ) from error

    def _group_status(self) -> GroupStatus:
        clock, horizon = self.context.clock, self.settings.horizon
        try:
            series = self.group.job(self.group.members(), clock.now()).series
        except UnknownSeries:
            series = 0
        return read_group_status(self.session, self.settings.aws, clock, series, horizon)

    def _ask(self, question: str) -> str:
        """Return the answer of the user, stripped; empty if there is no terminal."""
        try:
            return self.context.ask(question).strip()
        except EOFError:
            return ""


def _show(bar: "tqdm[None]", done: int) -> None:
    bar.update(done - bar.n)
