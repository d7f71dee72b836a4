"""The state of the account: its resources, its quotas, and how long things take."""

import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from tests.aws_fake.errors import JobFailed, in_use, not_found, over, taken
from tests.aws_fake.frames import Spoil
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
from tests.aws_fake.roles import Roles

ACCOUNT = "123456789012"
REGION = "eu-west-1"

JOB_WORDS = {
    "import": (IMPORT.word,),
    "predictor": ("predictor",),
    "forecast": (FORECAST.word,),
    "export": (EXPORT.word, BACKTEST.word),
}


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> Any:
        """The present instant."""


@dataclass
class Planned:
    """A job that is to fail."""

    words: tuple[str, ...]
    name_contains: str
    message: str


@dataclass
class Knobs:
    """What a test may set.

    Attributes
    ----------
    minutes
        Durations of jobs.
    parallel
        Jobs of a kind that may run at once.
    forecasts
        Forecasts there may be in the account.
    page_size
        Resources on a page of a list, at most.
    backtest_windows
        Of a new predictor.
    part_rows
        Rows in a part of an export.
    unknown_item
        What a query of an unknown item is answered with.
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
    spoils: list[Spoil] = field(default_factory=list)
    failing: list[Planned] = field(default_factory=list)


class Account:
    """All there is, settled up to the present instant before each call."""

    def __init__(self, clock: Clock, s3: Any, roles: Roles, knobs: Knobs) -> None:
        self.clock = clock
        self.s3 = s3
        self.roles = roles
        self.knobs = knobs
        self.lock = threading.RLock()
        self.resources: dict[str, Resource] = {}
        self._made = 0

    def settle(self) -> None:
        """Let what is due happen, in its order."""
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
        """Add what a Create call asks for, its name and the quotas permitting."""
        self.require_free(kind, name, parents)
        self._require_quota(kind)
        takes = timedelta(minutes=self.knobs.minutes[kind.job]) if kind.job else timedelta(0)
        arn = self.new_arn(kind, name, *parents, unique=unique)
        return self.add(Resource(kind, arn, name, self.clock.now(), attributes, tuple(parents), takes))

    def require_free(self, kind: Kind, name: str, parents: tuple[str, ...]) -> None:
        """Refuse a name that is taken: of an import in its dataset, of an export in what is exported."""
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
        """The ARN of a new resource; of an automatic predictor and its forecasts it can't be foretold."""
        self._made += 1
        if kind in (IMPORT, EXPORT, BACKTEST):
            name = f"{parents[0].rpartition('/')[2]}/{name}"
        suffix = f"_01{zlib.crc32(name.encode()):010d}{self._made:014d}" if unique else ""
        return f"arn:aws:forecast:{REGION}:{ACCOUNT}:{kind.word}/{name}{suffix}"

    def of(self, kind: Kind) -> Iterator[Resource]:
        """The resources of a kind, as they were made."""
        return (each for each in self.resources.values() if each.kind is kind)

    def find(self, arn: str, kind: Kind | None = None) -> Resource:
        """The resource of an ARN."""
        found = self.resources.get(arn)
        if found is None or (kind and found.kind is not kind):
            raise not_found(arn)
        return found

    def ready(self, arn: str, kind: Kind) -> Resource:
        """The resource of an ARN if it can be worked with."""
        found = self.find(arn, kind)
        if found.status(self.clock.now()) != ACTIVE:
            raise in_use(f"{arn} is not in state ACTIVE, but {found.status(self.clock.now())}")
        return found

    def children(self, arn: str) -> list[Resource]:
        """What was made from a resource."""
        return [each for each in self.resources.values() if arn in each.parents]

    def newest_import(self, dataset: str) -> Resource | None:
        """The newest import of a dataset that went well."""
        done = [each for each in self.of(IMPORT) if dataset in each.parents and each.settled == ACTIVE]
        return max(done, key=lambda each: each.created, default=None)
