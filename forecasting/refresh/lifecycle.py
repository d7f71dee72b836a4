"""The life of a refresh run as a state machine. These rules are pure; the ledger applies them in SQL.

::

    queued ──claim──▶ running ──succeed──▶ succeeded
      ▲  ▲               │ │ │
      │  └───release─────┘ │ └──fail───▶ failed       (permanent error, timeout or last attempt)
      │                    wait
      │                    ▼
      └──(a press)──── waiting ──claim──▶ running     (from its `next_attempt_at` on)

    running ──await──▶ waiting                         (for a remote engine; does not count as an attempt)

    queued, running, waiting ──cancel──▶ cancelled

A running run can be claimed again once its lease has expired.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from forecasting.core.domain import RunState
from forecasting.core.errors import StorecastError

ATTEMPTS = 3
"""Most times a run may be claimed; after that it fails."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
"""The wait after the first failed attempt, and the longest wait. Each wait is twice the one before."""

GIVEN_UP = (
    f"Gave up after {ATTEMPTS} attempts: each time the worker stopped or lost the database. See its log"
)


class RunEvent(StrEnum):
    """What can happen to a run."""

    CLAIM = "claim"
    RELEASE = "release"
    WAIT = "wait"
    AWAIT = "await"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Transition:
    """The states in which an event can happen, and the state it leads to."""

    sources: frozenset[RunState]
    target: RunState


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """The terms on which a worker holds runs.

    Attributes
    ----------
    lease
        How long the worker holds a run without renewing its lease.
    limit
        How long one attempt may take.
    first_wait
        The wait after the first failed attempt.
    jitter
        Returns a random number from 0 to 1.
    """

    lease: timedelta
    limit: timedelta = timedelta(hours=1)
    first_wait: timedelta = FIRST_WAIT
    jitter: Callable[[], float] = random.random


_ACTIVE = frozenset(state for state in RunState if state.active)
_RUNNING = frozenset({RunState.RUNNING})

TRANSITIONS: Mapping[RunEvent, Transition] = {
    RunEvent.CLAIM: Transition(_ACTIVE, RunState.RUNNING),
    RunEvent.RELEASE: Transition(_RUNNING, RunState.QUEUED),
    RunEvent.WAIT: Transition(_RUNNING, RunState.WAITING),
    RunEvent.AWAIT: Transition(_RUNNING, RunState.WAITING),
    RunEvent.SUCCEED: Transition(_RUNNING, RunState.SUCCEEDED),
    RunEvent.FAIL: Transition(_RUNNING, RunState.FAILED),
    RunEvent.CANCEL: Transition(_ACTIVE, RunState.CANCELLED),
}
"""The state machine. No event can happen to a run that has ended."""


def next_wait(attempt: int, error: BaseException, first: timedelta, jitter: float) -> timedelta | None:
    """How long a run waits after a failed attempt; None if the run has failed for good.

    Exponential backoff with equal jitter: half of the wait is fixed and half is random, so that many runs
    that failed together are not all retried at once
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).

    Parameters
    ----------
    attempt
        Number of the failed attempt, from 1.
    error
        Why it failed; only errors that may pass (`StorecastError.passing`) are retried.
    first
        The wait after the first attempt.
    jitter
        Random number from 0 to 1.
    """
    if attempt >= ATTEMPTS or not (isinstance(error, StorecastError) and error.passing):
        return None
    longest: timedelta = min(LONGEST_WAIT, first * 2.0 ** (attempt - 1))
    return longest * (1 + jitter) / 2


def failure_message(error: BaseException, attempt: int, run_id: str) -> str:
    """Why a run has failed, as planners read it.

    Parameters
    ----------
    attempt
        Number of the failed attempt, from 1.
    run_id
        The id to search the log for, if the error is a bug.
    """
    if not isinstance(error, StorecastError):
        return f"Unexpected {type(error).__name__}. See the log under run {run_id}"
    attempts = f" (gave up after {attempt} attempts)" if error.passing and attempt >= ATTEMPTS else ""
    return f"{error}{attempts}"


def timeout_message(limit: timedelta) -> str:
    """Why a run that took too long was ended, as planners read it."""
    return f"Timed out: still running after {limit.total_seconds() / 60:g} min"
