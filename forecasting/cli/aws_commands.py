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
from forecasting.core.domain import LOCAL_USER, Answer, RefreshRun
from forecasting.core.errors import (
    EngineBusy,
    EngineUnavailable,
    InvalidRequest,
    InvalidSetting,
    UnknownSeries,
)
from forecasting.core.ports import Clock
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.cost import require_allowance
from forecasting.engines.aws_forecast.data import layout_of
from forecasting.engines.aws_forecast.faults import NoAccess
from forecasting.engines.aws_forecast.group_status import Standing, standing
from forecasting.engines.aws_forecast.jobs import Job
from forecasting.engines.aws_forecast.setup import SetUp
from forecasting.engines.aws_forecast.teardown import TearDown
from forecasting.engines.aws_forecast.trainer import Trainer
from forecasting.training.group_training import GroupTraining
from forecasting.training.tasks import StoreFiles

Seen = TypeVar("Seen")

PATIENCE = 10
"""Looks in a row that AWS may leave unanswered."""

PROGRESS_SECONDS = 0.1
"""What is done within them needs no progress bar."""

WaitFor = Callable[[Storecast, Sequence[Answer]], list[RefreshRun]]
"""Works runs until they have ended; returns those that failed."""


def rest(by: timedelta) -> None:
    """Wait so long."""
    threading.Event().wait(by.total_seconds())


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a command waits with, asks with and goes by.

    Attributes
    ----------
    wait_for
        As its type says.
    pause
        Waits so long.
    ask
        Puts a question and returns the answer.
    session
        Makes the one to AWS.
    """

    wait_for: WaitFor
    pause: Callable[[timedelta], None] = rest
    ask: Callable[[str], str] = input
    clock: Clock = dataclasses.field(default_factory=SystemClock)
    session: Callable[[AwsSettings], ForecastSession] = ForecastSession


def run(storecast: Storecast, settings: Settings, arguments: Sequence[str], around: Surroundings) -> int:
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
    session = around.session(settings.aws)
    return int(parsed.run(Desk(storecast, storecast.group, settings, session, around), parsed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m forecasting aws", description="AWS Forecast")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    setup = commands.add_parser("setup", help="make what AWS has to have, and send the history")
    setup.add_argument("--no-wait", action="store_true", help="leave while AWS imports the history")
    setup.set_defaults(run=Desk.setup)
    status = commands.add_parser("status", help="what there is in AWS, and what the next training takes")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=Desk.status)
    train = commands.add_parser("train", help="train the stores of the group now")
    train.add_argument("--yes", action="store_true", help="do not ask")
    train.set_defaults(run=Desk.train)
    teardown = commands.add_parser("teardown", help="remove all that was made in AWS")
    teardown.add_argument("--yes", action="store_true", help="do not ask")
    teardown.set_defaults(run=Desk.teardown)
    return parser


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the commands are done.

    Attributes
    ----------
    group
        The stores that AWS trains.
    """

    storecast: Storecast
    group: GroupTraining
    settings: Settings
    session: ForecastSession
    around: Surroundings

    def setup(self, parsed: argparse.Namespace) -> int:
        """Make what is missing, send the history, and wait until AWS has imported it."""
        self._require_reachable()
        members = self._members()
        set_up = SetUp(self.session, self.settings.aws, tqdm.write, self.around.pause)
        with tqdm(total=len(members), unit="store", delay=PROGRESS_SECONDS, leave=False) as bar:
            job = self.group.job(members, self.around.clock.now(), lambda number: _show(bar, number))
            ticket = set_up.begin(layout_of([each.sales.items for each in members]), job)
        if parsed.no_wait:
            print("`python -m forecasting aws status` tells when it is done")
            return 0
        self._watch(partial(set_up.look, ticket))
        print("AWS Forecast is set up; `python -m forecasting aws train` trains")
        return 0

    def status(self, parsed: argparse.Namespace) -> int:
        """Tell how things stand; what can't be reached is told as well, and is no failure."""
        found = self._standing()
        if parsed.json:
            print(json.dumps(aws_output.for_machines(found, self.settings.aws)))
        else:
            print("\n".join(aws_output.for_people(found, self.settings.aws)))
        return 0

    def train(self, parsed: argparse.Namespace) -> int:
        """Tell what it takes, ask, train through the ledger, and wait."""
        self._require_reachable()
        store = self._members()[0].store
        print("\n".join(aws_output.estimated(self._standing(), self.settings.aws)))
        trainer = Trainer(self.session, self.settings.aws, self.around.clock)
        require_allowance(self.settings.aws.trainings_a_day, trainer.predictors(), self.around.clock.now())
        if not parsed.yes and self._ask("Train now? [y/N] ").lower() not in ("y", "yes"):
            raise InvalidRequest("aws train: expected yes, found no; nothing was begun")
        answer = self.storecast.service.refresh(LOCAL_USER, store, force=True)
        print(answer.message)
        failed = self.around.wait_for(self.storecast, [answer])
        for each in failed:
            print(f"{each.whose}: {each.error}", file=sys.stderr)
        return 1 if failed else 0

    def teardown(self, parsed: argparse.Namespace) -> int:
        """Tell what there is, ask, and remove it, children first."""
        self._require_reachable()
        down = TearDown(self.session, self.settings.aws)
        there = aws_output.There(down.left(), down.stored(), self._has_role(down))
        print("\n".join(aws_output.listed(there, self.settings.aws)))
        if not there:
            return 0
        name = self.settings.aws.group
        if not parsed.yes and self._ask(f"Type {name} to remove it: ") != name:
            raise InvalidRequest(
                f"aws teardown: expected '{name}', found something else; nothing was removed"
            )
        self._remove(down)
        if there.role:
            down.remove_role()
        print(f"removed; the bucket {self.settings.aws.bucket} itself stays")
        return 0

    def _remove(self, down: TearDown) -> None:
        first = len(down.left().going)
        with tqdm(total=first, unit="thing", disable=not first) as bar:
            while left := self._patiently(down.step).going:
                _show(bar, first - len(left))
                self.around.pause(self.settings.aws.poll)
            _show(bar, first)
        down.clear()

    def _has_role(self, down: TearDown) -> bool:
        try:
            return down.has_role()
        except NoAccess as error:
            print(f"{error}; if `aws setup` made a role it stays")
            return False

    def _watch(self, look: Callable[[], Sequence[Job]]) -> None:
        """Wait until all of them are done."""
        jobs = self._patiently(look)
        with tqdm(total=len(jobs), unit="import") as bar:
            while not all(job.active for job in jobs):
                bar.set_postfix_str(aws_output.remaining(jobs))
                _show(bar, sum(job.active for job in jobs))
                self.around.pause(self.settings.aws.poll)
                jobs = self._patiently(look)
            _show(bar, len(jobs))

    def _patiently(self, look: Callable[[], Seen]) -> Seen:
        """Look, and look again where AWS does not answer at once."""
        for _ in range(PATIENCE - 1):
            try:
                return look()
            except EngineBusy:
                self.around.pause(self.settings.aws.poll)
        return look()

    def _require_reachable(self) -> None:
        probe = self.session.probe()
        if not probe.reachable:
            raise EngineUnavailable(probe.message)

    def _members(self) -> list[StoreFiles]:
        try:
            return self.group.members()
        except UnknownSeries as error:
            raise InvalidRequest(
                "aws: expected stores with sales history whose engine is aws_forecast (STORECAST_ENGINE), "
                "found none"
            ) from error

    def _standing(self) -> Standing:
        clock, horizon = self.around.clock, self.settings.horizon
        try:
            series = self.group.job(self.group.members(), clock.now()).series
        except UnknownSeries:
            series = 0
        return standing(self.session, self.settings.aws, clock, series, horizon)

    def _ask(self, question: str) -> str:
        try:
            return self.around.ask(question).strip()
        except EOFError:  # nobody is there
            return ""


def _show(bar: "tqdm[None]", done: int) -> None:
    bar.update(done - bar.n)
