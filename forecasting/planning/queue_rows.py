"""Decide which stores need a planner's attention, and say why in one sentence each."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from forecasting.core import wording
from forecasting.core.domain import (
    RefreshRun,
    Review,
    RunState,
    SeriesSummary,
    StoreSnapshot,
    StoreState,
    natural_order,
)
from forecasting.planning.unusual_demand import unusual_week

LATE_DAYS = 3
"""Days without sales from which a feed counts as late: weekends and holidays can explain fewer."""

SEVERITY = (
    StoreState.FAILED,
    StoreState.BEHIND,
    StoreState.NONE,
    StoreState.RUNNING,
    StoreState.STALE,
    StoreState.AGEING,
    StoreState.FRESH,
)
"""States in the order of the queue, the most urgent first."""


class QueueSection(StrEnum):
    """The sections of the queue; every store is in exactly one."""

    ATTENTION = "attention"
    STALE = "stale"
    REVIEWED = "reviewed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One store in the queue.

    Attributes
    ----------
    reason
        Why the store needs attention, or what it is doing: one sentence without a full stop.
    sales_through
        The newest day with sales; None without sales.
    next7, last7, year7
        Expected demand of the next seven days, and sales of the same weekdays a week and a year earlier;
        units, None if unknown.
    sparkline
        Daily sales of the last four weeks and expected demand of the next seven days; units.
    review
        Today's review of this forecast, or None.
    version, engine
        Number of the newest forecast and the engine of the store's total; None and ``""`` without a forecast.
    """

    store: str
    region: str
    state: StoreState
    needs_attention: bool
    reason: str
    sales_through: date | None
    next7: float | None
    last7: float | None
    sparkline: tuple[float, ...]
    year7: float | None = None
    review: Review | None = None
    version: int | None = None
    engine: str = ""

    @property
    def section(self) -> QueueSection:
        """The section of the queue it belongs to."""
        if self.needs_attention:
            return QueueSection.ATTENTION
        if self.review is not None:
            return QueueSection.REVIEWED
        return QueueSection.STALE if self.state is StoreState.STALE else QueueSection.NOTHING

    @property
    def change_on_year(self) -> float | None:
        """Change of the next seven days on last year, as a share (0.1 is 10% more); None if undefined."""
        return self.next7 / self.year7 - 1 if self.next7 is not None and self.year7 else None

    @property
    def change(self) -> float | None:
        """Change of the next seven days on last week, as a share (0.1 is 10% more); None if undefined."""
        if self.next7 is None or not self.last7:
            return None
        return self.next7 / self.last7 - 1


def queue_row(
    snapshot: StoreSnapshot,
    state: StoreState,
    summary: SeriesSummary | None,
    as_of: date,
    age: timedelta | None,
    review: Review | None = None,
) -> QueueRow:
    """Judge one store.

    A failed refresh, a forecast that is behind, a late feed, no forecast, an unusual day and an unusual week
    need attention. Age alone never does. A reviewed store needs attention again only if a refresh fails, the
    forecast falls behind, or sales are late.

    Parameters
    ----------
    summary
        Summary of the store's total; None before the first forecast.
    as_of
        The business date.
    age
        Age of the predictor; None without one.
    review
        The store's latest review; it holds only for the forecast and the day it was made for.
    """
    sales_through = snapshot.sales.last_ds if snapshot.sales else None
    draft = QueueRow(
        store=snapshot.store,
        region=snapshot.region,
        state=state,
        needs_attention=False,
        reason="",
        sales_through=sales_through,
        next7=summary.next7 if summary else None,
        last7=summary.last7 if summary else None,
        sparkline=summary.sparkline if summary else (),
        year7=summary.year7 if summary else None,
        review=review if _holds(review, snapshot, as_of) else None,
        version=snapshot.head.version if snapshot.head else None,
        engine=summary.engine if summary else "",
    )
    urgent = _urgent(snapshot, state, as_of, summary.closed_ahead if summary else 0)
    news = urgent or _unusual(draft, summary)
    if state is StoreState.RUNNING:
        return replace(draft, needs_attention=False, reason=_running(snapshot.active))
    if news:
        return replace(draft, needs_attention=bool(urgent) or draft.review is None, reason=news)
    trained = f"Trained {wording.duration(age)} ago" if age is not None else ""
    note = summary.note if summary else ""
    return replace(draft, needs_attention=False, reason=_sentence(note) or trained)


def in_order(rows: Iterable[QueueRow]) -> list[QueueRow]:
    """Sort rows: stores that need attention first, then by state, then by the size of the weekly change."""
    return sorted(
        rows,
        key=lambda row: (
            not row.needs_attention,
            SEVERITY.index(row.state),
            -abs(row.change or 0),
            natural_order(row.store),
        ),
    )


def _urgent(snapshot: StoreSnapshot, state: StoreState, as_of: date, closed_ahead: int) -> str:
    last = snapshot.last
    if state is StoreState.FAILED and last is not None:
        kept = "; older forecast shown" if snapshot.head else ""
        return f"Last refresh failed: {last.error}{kept}"
    missing = (as_of - snapshot.sales.last_ds).days - 1 if snapshot.sales else 0
    if snapshot.sales is not None and missing - closed_ahead >= LATE_DAYS:
        return f"No sales for {missing} days, since {wording.day(snapshot.sales.last_ds)}"
    if state is StoreState.BEHIND and snapshot.head is not None and snapshot.sales is not None:
        newer = snapshot.sales.last_ds > snapshot.head.cutoff
        if newer:
            return f"New sales added, through {wording.day(snapshot.sales.last_ds)}"
        return "Sales corrected or plan changed since this forecast"
    return "No forecast yet" if state is StoreState.NONE else ""


def _holds(review: Review | None, snapshot: StoreSnapshot, as_of: date) -> bool:
    version = snapshot.head.version if snapshot.head else None
    return review is not None and (review.version, review.as_of) == (version, as_of)


def _unusual(row: QueueRow, summary: SeriesSummary | None) -> str:
    """A sentence about the unusual day, else about the unusual week, else ``""``."""
    if summary is None:
        return ""
    if summary.unusual:
        return summary.unusual
    if row.change is None or not unusual_week(summary.next7, summary.last7, summary.spread7):
        return ""
    note = f"; {summary.note}" if summary.note else ""
    sign = "+" if row.change > 0 else "−"
    return f"Next 7 days {sign}{100 * abs(row.change):.0f}% vs last week{note}"


def _running(run: RefreshRun | None) -> str:
    if run is None or run.state is RunState.QUEUED:
        return "Waiting to start"
    if run.state is RunState.WAITING and not run.waits_elsewhere:
        return f"Will be retried soon: {run.error}"
    unit = "series" if run.store else wording.plural(run.total, "store")
    return (
        f"{run.stage or 'Starting'}: {run.done} of {run.total} {unit}"
        if run.total
        else run.stage or "Starting"
    )


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]
