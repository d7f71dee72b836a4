"""Refresh runs: verdicts, states, requests, answers and scopes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GROUP = "group:"
"""Prefix of the scope of a group of stores."""

IMPORT = "import "
"""Prefix of the text that says which import was the newest."""


class Verdict(StrEnum):
    """The answer to a press on Refresh."""

    FRESH = "fresh"
    ATTACHED = "attached"
    REFORECAST = "reforecast"
    RETRAIN = "retrain"


class RunState(StrEnum):
    """The state of a refresh run."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # for its next attempt, or for an engine elsewhere
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def active(self) -> bool:
        """Whether a run in this state still holds its scope."""
        return self in (RunState.QUEUED, RunState.RUNNING, RunState.WAITING)


@dataclass(frozen=True, slots=True)
class RefreshRun:
    """One row of the ledger: who asked for a refresh, why, and what happened.

    Attributes
    ----------
    store
        The store it refreshes; ``""`` for a chain run and for the run of a group of stores.
    message
        Why it runs, as shown to the planner.
    done, total
        Series finished, and series to do; `total` is 0 until it is known.
    fence
        Fencing token. Every claim raises it, and a worker with an older one is refused.
    error
        Why the run or its last attempt failed, or who cancelled it.
    trained_before
        When the predictor that served the store at the time of the request was trained; None without one.
    claimed_at, next_attempt_at
        When its current attempt began, and the earliest start of its next one.
    reads
        Fingerprint of the inputs when its attempt began; the run reads these or newer ones. For a store it
        is `StoreSnapshot.inputs`; for a group, `inputs_through` of the newest import at its first claim.
    follow_up_by, follow_up_at
        Who pressed Refresh while it ran, with newer inputs than it reads, and when; None if nobody did.
    followed_by
        The run recorded for that press once this one has ended.
    ready_at
        When the engine elsewhere expects to be done; None if unknown.
    """

    run_id: str
    scope: str
    store: str
    verdict: Verdict
    message: str
    state: RunState
    requested_by: str
    requested_at: datetime
    engine: str
    batch_id: str | None = None
    priority: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stage: str = ""
    done: int = 0
    total: int = 0
    attempt: int = 0
    fence: int = 0
    error: str = ""
    version: int | None = None
    trained_before: datetime | None = None
    claimed_at: datetime | None = None
    next_attempt_at: datetime | None = None
    reads: str | None = None
    follow_up_by: str | None = None
    follow_up_at: datetime | None = None
    followed_by: str | None = None
    ready_at: datetime | None = None

    @property
    def is_chain_run(self) -> bool:
        """Whether this is a chain run, which pools over all stores."""
        return not self.store and not self.is_group_run

    @property
    def is_group_run(self) -> bool:
        """Whether this run is for a group of stores that an engine elsewhere trains together."""
        return self.scope.startswith(GROUP)

    @property
    def read_import(self) -> int | None:
        """The newest import that a group's run reads; None before its first claim."""
        return int(self.reads.removeprefix(IMPORT)) if self.is_group_run and self.reads else None

    @property
    def waits_elsewhere(self) -> bool:
        """Whether it waits for an engine elsewhere, rather than for a retry after an error."""
        return self.is_group_run and self.state is RunState.WAITING and not self.error

    @property
    def target(self) -> str:
        """The store, group or chain it refreshes, as shown in messages."""
        if self.is_group_run:
            return f"group {self.scope.removeprefix(GROUP)}"
        return "all stores" if self.is_chain_run else f"store {self.store}"


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Progress of a refresh of many stores.

    Attributes
    ----------
    done, failed, total
        Stores whose run has ended, those of them whose run failed, and all stores.
    started_at
        When the first run started; None before that.
    remaining
        Estimated time to go; None while it cannot be estimated.
    """

    batch_id: str
    requested_by: str
    done: int
    failed: int
    total: int
    started_at: datetime | None = None
    remaining: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RefreshDecision:
    """What a press on Refresh should lead to, and the sentence that says why."""

    verdict: Verdict
    message: str


@dataclass(frozen=True, slots=True)
class RefreshAnswer:
    """The answer to a press: the verdict, its sentence, and the run to follow (None for `fresh`)."""

    verdict: Verdict
    message: str
    run: RefreshRun | None = None

    @property
    def is_chain_run(self) -> bool:
        """Whether the run to follow is a chain run."""
        return self.run is not None and self.run.is_chain_run


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """A press on Refresh that has not been decided yet.

    Attributes
    ----------
    run_id
        The id of the run, if the press creates one.
    store
        The store whose snapshot decides the press.
    priority
        Lower numbers run first; a person's press has 0, a batch has 10.
    """

    run_id: str
    scope: str
    store: str
    requested_by: str
    requested_at: datetime
    engine: str
    priority: int = 0
    batch_id: str | None = None

    @property
    def is_group_run(self) -> bool:
        """Whether the run would be for a group of stores rather than for one."""
        return self.scope.startswith(GROUP)


def group_scope(group: str) -> str:
    """The training scope of an engine that trains a group of stores together."""
    return f"{GROUP}{group}"


def scope_of(store: str) -> str:
    """The training scope of an engine that trains one store at a time."""
    return f"store:{store}"


def inputs_through(import_id: int) -> str:
    """Fingerprint of the inputs of a group of stores: everything up to and including an import."""
    return f"{IMPORT}{import_id}"
