"""The rules of a run's life, without a database."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core.domain import RunState
from forecasting.core.errors import ComputeLost, FitFailed, StateUnavailable, StorecastError
from forecasting.refresh.lifecycle import (
    ATTEMPTS,
    LONGEST_WAIT,
    TRANSITIONS,
    RunEvent,
    failure_message,
    next_wait,
)

FIRST = timedelta(seconds=5)
LOST = ComputeLost("a worker process died")


@pytest.mark.parametrize("event", list(RunEvent))
def test_nothing_happens_to_a_run_that_has_ended(event: RunEvent) -> None:
    """Every transition starts in an active state, and only endings lead to an inactive one."""
    transition = TRANSITIONS[event]
    assert transition.sources
    assert all(state.active for state in transition.sources)
    ends = event in (RunEvent.SUCCEED, RunEvent.FAIL, RunEvent.CANCEL)
    assert transition.target.active is not ends


def test_every_state_can_be_reached() -> None:
    """From a requested run."""
    reached = {RunState.QUEUED}
    for _ in RunState:
        reached |= {transition.target for transition in TRANSITIONS.values() if transition.sources & reached}
    assert reached == set(RunState)


@pytest.mark.parametrize("error", [LOST, StateUnavailable("the disk is full")])
def test_an_error_that_may_pass_is_retried(error: StorecastError) -> None:
    """Up to the last attempt, which fails the run."""
    waits = [next_wait(attempt, error, FIRST, 1.0) for attempt in range(1, ATTEMPTS + 1)]
    assert waits == [FIRST, 2 * FIRST, None]


@pytest.mark.parametrize("error", [FitFailed("store 1: too short"), ZeroDivisionError(), KeyError("x")])
def test_a_permanent_error_fails_at_once(error: Exception) -> None:
    """Waiting improves neither bad data nor a bug."""
    assert next_wait(1, error, FIRST, 0.5) is None


@given(st.integers(1, ATTEMPTS - 1), st.floats(0, 1), st.floats(0.01, 3600))
def test_waits_are_bounded_for_any_jitter(attempt: int, jitter: float, first: float) -> None:
    """Between half of the doubled wait and all of it, and never longer than the longest."""
    wait = next_wait(attempt, LOST, timedelta(seconds=first), jitter)
    assert wait is not None
    whole = min(LONGEST_WAIT, timedelta(seconds=first) * 2.0 ** (attempt - 1))
    assert whole / 2 <= wait <= whole


def test_a_failure_has_a_message_for_planners() -> None:
    """The words of a known error, with the attempts if they ran out; the type and run id of a bug."""
    assert failure_message(FitFailed("store 1: too short"), 1, "r") == "store 1: too short"
    assert failure_message(LOST, 1, "r") == "a worker process died"
    assert failure_message(LOST, ATTEMPTS, "r") == "a worker process died (gave up after 3 attempts)"
    assert failure_message(KeyError("secret"), 1, "r") == "Unexpected KeyError. See the log under run r"
