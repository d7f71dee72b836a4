"""The state of the account: its resources, its quotas, and how long things take."""

import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from tests.aws_fake.errors import JobFailed, in_use, not_found, over, taken
from tests.aws_fake.frames import Corruption
from tests.aws_fake.jobs import outcome_of
from tests.aws_fake.resources import (
    ACTIVE,
    BACKTEST,
    DELETES,
    EXPORT,
    FAILED,
    FORECAST,
    IMPORT,
    RUNNING,
    STOPPED,
    Kind,
    Resource,
)
from tests.aws_fake.service_roles import Roles

ACCOUNT = "123456789012"
REGION = "eu-west-1"

JOB_WORDS = {
    "import": (IMPORT.word,),
    "predictor": ("predictor",),
    "forecast": (FORECAST.word,),
    "export": (EXPORT.word, BACKTEST.word),
}


class Clock(Protocol):
    """Gives the current time."""

    def now(self) -> Any:
        """Return the current time."""


@dataclass
class PlannedFailure:
    """A job that will fail."""

    words: tuple[str, ...]
    name_contains: str
    message: str


@dataclass
class Knobs:
    """Settings that a test may change.

    Attributes
    ----------
    minutes
        Durations of jobs.
    parallel
        Jobs of a kind that may run at the same time.
    forecasts
        Quota of forecasts in the account.
    page_size
        Most resources on a page of a list.
    backtest_windows
        Backtest windows of a new predictor.
    part_rows
        Rows in a part of an export.
    unknown_item
        Error code for a query of an unknown item.
    """

    page_size: int = 2
    minutes: dict[str, float] = field(
        default_factory=lambda: {"imports": 5, "predictor": 90, "forecast": 20, "export": 10}
    )
    parallel: int = 3
    forecasts: int = 10
    backtest_windows: int = 2
    part_rows: int = 2_000
    unknown_item: str = "ResourceNotFoundException"
    spoils: list[Corruption] = field(default_factory=list)
    failing: list[PlannedFailure] = field(default_factory=list)


class Account:
    """All resources of the account, updated to the current time before each call."""

    def __init__(self, clock: Clock, s3: Any, roles: Roles, knobs: Knobs) -> None:
        self.clock = clock
        self.s3 = s3
        self.roles = roles
        self.knobs = knobs
        self.lock = threading.RLock()
        self.resources: dict[str, Resource] = {}
        self._made = 0

    def settle(self) -> None:
        """Finish the jobs that are due, in order."""
        with self.lock:
            now = self.clock.now()
            over_ = [each for each in self.resources.values() if not each.settled and each.ends <= now]
            for each in sorted(over_, key=lambda each: (each.ends, each.arn)):
                self._end(each)
            for each in [each for each in self.resources.values() if each.deleted]:
                if each.deleted + DELETES <= now:
                    del self.resources[each.arn]

    def _end(self, resource: Resource) -> None:
        resource.ended = resource.ends
        if resource.stopped:
            resource.settled = STOPPED
            return
        try:
            self._fail_as_planned(resource)
            outcome_of(self, resource)
        except JobFailed as failure:
            resource.settled, resource.message = FAILED, str(failure)
        else:
            resource.settled = ACTIVE

    def _fail_as_planned(self, resource: Resource) -> None:
        for planned in self.knobs.failing:
            if resource.kind.word in planned.words and planned.name_contains in resource.name:
                self.knobs.failing.remove(planned)
                raise JobFailed(planned.message)

    def add(self, resource: Resource) -> Resource:
        """Add a resource."""
        self.resources[resource.arn] = resource
        if not resource.takes and not resource.settled:
            resource.settled, resource.ended = ACTIVE, resource.created
        return resource

    def begin(
        self, kind: Kind, name: str, attributes: dict[str, Any], *parents: str, unique: bool = False
    ) -> Resource:
        """Add the resource of a Create call if its name is free and no quota is used up."""
        self.require_free(kind, name, parents)
        self._require_quota(kind)
        takes = timedelta(minutes=self.knobs.minutes[kind.job]) if kind.job else timedelta(0)
        arn = self.new_arn(kind, name, *parents, unique=unique)
        return self.add(Resource(kind, arn, name, self.clock.now(), attributes, tuple(parents), takes))

    def require_free(self, kind: Kind, name: str, parents: tuple[str, ...]) -> None:
        """Refuse a taken name. Names of imports and exports are unique within their parent."""
        rivals = (each for each in self.of(kind) if each.name == name)
        if any(each.parents[:1] == parents[:1] or kind not in (IMPORT, EXPORT, BACKTEST) for each in rivals):
            raise taken(name)

    def _require_quota(self, kind: Kind) -> None:
        now, knobs = self.clock.now(), self.knobs
        if kind is FORECAST and len(list(self.of(kind))) >= knobs.forecasts:
            raise over(f"{knobs.forecasts} forecasts per account")
        running = [each for each in self.of(kind) if each.status(now) in RUNNING]
        if kind.job and len(running) >= knobs.parallel:
            raise over(f"{knobs.parallel} {kind.word} tasks running in parallel")

    def new_arn(self, kind: Kind, name: str, *parents: str, unique: bool = False) -> str:
        """Return the ARN of a new resource; a `unique` one can't be predicted from the name."""
        self._made += 1
        if kind in (IMPORT, EXPORT, BACKTEST):
            name = f"{parents[0].rpartition('/')[2]}/{name}"
        suffix = f"_01{zlib.crc32(name.encode()):010d}{self._made:014d}" if unique else ""
        return f"arn:aws:forecast:{REGION}:{ACCOUNT}:{kind.word}/{name}{suffix}"

    def of(self, kind: Kind) -> Iterator[Resource]:
        """Return the resources of a kind, in order of creation."""
        return (each for each in self.resources.values() if each.kind is kind)

    def find(self, arn: str, kind: Kind | None = None) -> Resource:
        """Return the resource of an ARN."""
        found = self.resources.get(arn)
        if found is None or (kind and found.kind is not kind):
            raise not_found(arn)
        return found

    def ready(self, arn: str, kind: Kind) -> Resource:
        """Return the resource of an ARN if it is active."""
        found = self.find(arn, kind)
        if found.status(self.clock.now()) != ACTIVE:
            raise in_use(f"{arn} is not in state ACTIVE, but {found.status(self.clock.now())}")
        return found

    def children(self, arn: str) -> list[Resource]:
        """Return the resources made from another one."""
        return [each for each in self.resources.values() if arn in each.parents]

    def newest_import(self, dataset: str) -> Resource | None:
        """Return the newest successful import of a dataset."""
        done = [each for each in self.of(IMPORT) if dataset in each.parents and each.settled == ACTIVE]
        return max(done, key=lambda each: each.created, default=None)
