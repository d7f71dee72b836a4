from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from forecasting.core.domain import (
    HistoryFile,
    RefreshRun,
    RunState,
    SeriesSummary,
    StoreSnapshot,
    StoreState,
    Verdict,
    VersionHeader,
)
from forecasting.planning.queue_rows import QueueRow, in_order, queue_row

AS_OF = date(2019, 4, 3)
THEN = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)
SALES = HistoryFile("1", "sales", "aaa", 100, date(2019, 1, 1), date(2019, 4, 2), ("101",), "North")
HEAD = VersionHeader(7, "1", "p", "r", "prophet", date(2019, 4, 2), 28, "hash", THEN, THEN)
STORE = StoreSnapshot("1", "North", SALES, None, HEAD, None, None)
USUAL = SeriesSummary("1", "all", "prophet", 1000.0, 1000.0, 0.1, 0.12, 0.8)


def run(state: RunState, **more: object) -> RefreshRun:
    """A run of store 1."""
    return replace(
        RefreshRun("x", "store:1", "1", Verdict.RETRAIN, "", state, "Ann", THEN, "prophet"), **more
    )


def row(
    snapshot: StoreSnapshot = STORE,
    state: StoreState = StoreState.FRESH,
    summary: SeriesSummary | None = USUAL,
) -> QueueRow:
    """Judge a store trained three hours ago."""
    return queue_row(snapshot, state, summary, AS_OF, timedelta(hours=3))


@pytest.mark.parametrize("state", [StoreState.FRESH, StoreState.AGEING, StoreState.STALE])
def test_age_alone_never_needs_attention(state: StoreState) -> None:
    """An ordinary week needs no attention, however old the forecast is."""
    judged = row(state=state)
    assert not judged.needs_attention
    assert judged.reason == "Trained 3 h ago"


@pytest.mark.parametrize(
    ("next7", "note", "reason"),
    [
        (1210.0, "promotion from Thu 4 Apr", "Next 7 days +21% vs last week; promotion from Thu 4 Apr"),
        (800.0, "", "Next 7 days −20% vs last week"),
    ],
)
def test_an_unusual_week_needs_attention_and_says_what_is_special(
    next7: float, note: str, reason: str
) -> None:
    """A week is unusual from a fifth more or less on."""
    judged = row(summary=replace(USUAL, next7=next7, note=note))
    assert judged.needs_attention
    assert judged.reason == reason


def test_an_ordinary_week_shows_what_is_special_without_asking_for_attention() -> None:
    """19% more is ordinary."""
    judged = row(summary=replace(USUAL, next7=1190.0, note="promotion from Thu 4 Apr"))
    assert not judged.needs_attention
    assert judged.reason == "Promotion from Thu 4 Apr"


def test_a_week_against_nothing_is_not_compared() -> None:
    """No sales last week: no percentage, no alarm."""
    judged = row(summary=replace(USUAL, last7=0.0))
    assert judged.change is None
    assert not judged.needs_attention


def test_a_failed_refresh_says_why_and_that_the_older_forecast_is_shown() -> None:
    """Without an older forecast it does not claim one."""
    failed = replace(STORE, last=run(RunState.FAILED, error="store 1: all closed"))
    assert row(failed, StoreState.FAILED).reason == (
        "Last refresh failed: store 1: all closed; older forecast shown"
    )
    without = row(replace(failed, head=None), StoreState.FAILED, None)
    assert without.needs_attention
    assert without.reason == "Last refresh failed: store 1: all closed"


def test_a_store_behind_says_what_is_newer() -> None:
    """New sales are named with their last day; a correction or a changed plan has no day."""
    newer = replace(STORE, sales=replace(SALES, last_ds=date(2019, 4, 3)))
    judged = queue_row(newer, StoreState.BEHIND, USUAL, date(2019, 4, 4), timedelta(hours=3))
    assert (judged.needs_attention, judged.reason) == (
        True,
        "New sales added, through Wed 3 Apr",
    )
    assert row(state=StoreState.BEHIND).reason == "Sales corrected or plan changed since this forecast"


def test_a_late_feed_needs_attention() -> None:
    """Two weeks without sales do; a weekend, or two weeks of closed days, do not."""
    late = replace(STORE, sales=replace(SALES, last_ds=date(2019, 3, 19)))
    assert row(late).reason == "No sales for 14 days, since Tue 19 Mar"
    assert not row(replace(STORE, sales=replace(SALES, last_ds=date(2019, 3, 31)))).needs_attention
    assert not row(late, summary=replace(USUAL, closed_ahead=14)).needs_attention


def test_a_running_store_shows_its_progress_and_asks_for_nothing() -> None:
    """It says that it waits, starts, or how many series or stores are done."""
    for active, words in (
        (run(RunState.QUEUED), "Waiting to start"),
        (run(RunState.RUNNING), "Starting"),
        (run(RunState.RUNNING, stage="Training", done=1, total=4), "Training: 1 of 4 series"),
        (run(RunState.RUNNING, store="", stage="Uploading", done=0, total=1), "Uploading: 0 of 1 store"),
        (run(RunState.RUNNING, store="", stage="Uploading", done=1, total=2), "Uploading: 1 of 2 stores"),
    ):
        judged = row(replace(STORE, active=active), StoreState.RUNNING, replace(USUAL, next7=9000.0))
        assert (judged.needs_attention, judged.reason) == (False, words)


def test_a_store_without_a_forecast_needs_attention() -> None:
    """The reason says that there is none."""
    judged = queue_row(replace(STORE, head=None), StoreState.NONE, None, AS_OF, None)
    assert (judged.needs_attention, judged.reason, judged.next7) == (True, "No forecast yet", None)


def test_the_queue_starts_with_what_is_worst_then_with_the_largest_change() -> None:
    """Ties in natural order of the stores."""
    rows = [
        replace(row(), store="10"),
        replace(row(), store="9"),
        replace(row(summary=replace(USUAL, next7=1300.0)), store="3"),
        replace(row(summary=replace(USUAL, next7=500.0)), store="2"),
        replace(row(state=StoreState.BEHIND), store="7"),
        replace(row(replace(STORE, last=run(RunState.FAILED)), StoreState.FAILED), store="5"),
    ]
    assert [each.store for each in in_order(rows)] == ["5", "7", "2", "3", "9", "10"]
