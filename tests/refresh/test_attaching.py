from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forecasting.core.domain import RefreshRequest, RefreshRun, RunState, Verdict, group_scope
from forecasting.refresh.attaching import attach, follow_up

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
TOLERANCE = timedelta(hours=48)
RUN = RefreshRun(
    "r-1", "store:1", "1", Verdict.RETRAIN, "", RunState.QUEUED, "Ana", NOW, "prophet", priority=10
)
GROUP_RUN = replace(RUN, scope=group_scope("north"), store="", state=RunState.WAITING)
PRESS = RefreshRequest("r-2", "store:1", "1", "Ben", LATER, "prophet")
FOLLOWED = "; sales or plan have changed since it began, so another follows it"
CHANGED = "Sales or plan have changed since the previous refresh began"


def joined(holder: RefreshRun, ask: RefreshRequest = PRESS, inputs: str | None = None) -> RefreshRun:
    """The run after a press has joined it."""
    answer = attach(holder, ask, inputs)
    assert answer.verdict is Verdict.ATTACHED
    assert answer.run is not None
    return answer.run


def test_a_press_moves_a_queued_run_forward() -> None:
    """A batch that asks for it again does not."""
    assert joined(RUN) == replace(RUN, priority=0)
    assert joined(RUN, replace(PRESS, priority=10, batch_id="b")) == RUN


def test_a_press_leaves_the_order_of_a_running_run_alone() -> None:
    """It is being worked already."""
    running = replace(RUN, state=RunState.RUNNING)
    assert joined(running) == running


def test_a_press_ends_the_wait_for_the_next_attempt() -> None:
    """A batch does not, and neither does a press on a run that waits for an engine elsewhere."""
    waiting = replace(RUN, state=RunState.WAITING, error="a worker died", next_attempt_at=LATER, priority=0)
    assert joined(waiting) == replace(waiting, state=RunState.QUEUED, next_attempt_at=None)
    assert joined(waiting, replace(PRESS, batch_id="b")) == waiting
    elsewhere = replace(GROUP_RUN, priority=0, next_attempt_at=LATER)
    assert joined(elsewhere) == elsewhere


def test_a_press_with_newer_inputs_leaves_a_follow_up_to_the_first_who_pressed() -> None:
    """A second press changes nothing; a press with the same inputs leaves none."""
    reading = replace(RUN, state=RunState.RUNNING, reads="a", priority=0)
    followed = replace(reading, follow_up_by="Ben", follow_up_at=LATER)
    assert joined(reading, inputs="b") == followed
    assert joined(followed, replace(PRESS, requested_by="Cleo"), "b") == followed
    assert joined(reading, inputs="a") == reading


@pytest.mark.parametrize(
    ("run", "inputs", "message"),
    [
        (RUN, None, "Already waiting to run, asked 5 min ago by Ana: this press joined it"),
        (GROUP_RUN, None, "Already running, asked 5 min ago by Ana: this press joined it"),
        (
            replace(RUN, state=RunState.RUNNING, reads="a"),
            "b",
            "Already running, asked 5 min ago by Ana: this press joined it" + FOLLOWED,
        ),
    ],
)
def test_the_answer_says_what_the_press_joined(run: RefreshRun, inputs: str | None, message: str) -> None:
    """Whether the run is being worked, who asked for it, and whether another follows."""
    assert attach(run, PRESS, inputs).message == message


@pytest.mark.parametrize(
    ("verdict", "succeeded", "age", "expected"),
    [
        (Verdict.RETRAIN, True, TOLERANCE, Verdict.REFORECAST),
        (Verdict.RETRAIN, True, None, Verdict.REFORECAST),
        (Verdict.RETRAIN, False, timedelta(0), Verdict.RETRAIN),
        (Verdict.RETRAIN, False, None, Verdict.RETRAIN),
        (Verdict.REFORECAST, True, TOLERANCE - timedelta(seconds=1), Verdict.REFORECAST),
        (Verdict.REFORECAST, False, TOLERANCE - timedelta(seconds=1), Verdict.REFORECAST),
        (Verdict.REFORECAST, True, TOLERANCE, Verdict.RETRAIN),
        (Verdict.REFORECAST, False, TOLERANCE, Verdict.RETRAIN),
        (Verdict.REFORECAST, True, None, Verdict.RETRAIN),
    ],
)
def test_a_follow_up_trains_where_no_predictor_is_within_the_tolerance(
    verdict: Verdict, *, succeeded: bool, age: timedelta | None, expected: Verdict
) -> None:
    """A training that succeeded has just left one; one that failed has left the old one."""
    decision = follow_up(
        replace(RUN, verdict=verdict),
        succeeded=succeeded,
        trained_at=None if age is None else NOW - age,
        at=NOW,
        tolerance=TOLERANCE,
    )
    assert decision.verdict is expected


@pytest.mark.parametrize(
    ("verdict", "succeeded", "message"),
    [
        (Verdict.RETRAIN, True, f"{CHANGED}: updating the forecast"),
        (Verdict.RETRAIN, False, f"{CHANGED}, and that refresh failed: training again"),
        (
            Verdict.REFORECAST,
            True,
            f"{CHANGED}, and no model is within the 2-day tolerance: training again",
        ),
    ],
)
def test_a_follow_up_says_why_it_runs(verdict: Verdict, *, succeeded: bool, message: str) -> None:
    """The sentence fits the verdict."""
    ended = replace(RUN, verdict=verdict)
    decision = follow_up(ended, succeeded=succeeded, trained_at=NOW - TOLERANCE, at=NOW, tolerance=TOLERANCE)
    assert decision.message == message
