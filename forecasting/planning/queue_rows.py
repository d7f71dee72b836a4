"""The morning's queue: which stores need attention, and why, in one sentence each."""

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
"""A feed is called late from this many days without sales on: weekends and holidays explain fewer."""

SEVERITY = (
    StoreState.FAILED,
    StoreState.BEHIND,
    StoreState.NONE,
    StoreState.RUNNING,
    StoreState.STALE,
    StoreState.AGEING,
    StoreState.FRESH,
)


class QueueSection(StrEnum):
    """The parts of the queue; every store is in one."""

    ATTENTION = "Needs attention"
    STALE = "Stale"
    REVIEWED = "Reviewed"
    NOTHING = "Nothing to do"


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One store in the queue.

    Attributes
    ----------
    reason
        One sentence without a full stop.
    next7, last7, year7
        Expected demand of the next seven days, sales of the same weekdays the week before and a year before;
        None if unknown.
    sparkline
        Four weeks of sales and the seven days ahead.
    review
        Who has looked at this forecast today; None for nobody.
    version, engine
        Of the forecast, and what serves the store's total in it; None and ``""`` without one.
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

    def __hash__(self) -> int:
        """Of what tells most rows apart: what is drawn of a queue is kept by its thousand rows."""
        return hash((self.store, self.version, self.reason))

    @property
    def section(self) -> QueueSection:
        """Where it stands."""
        if self.needs_attention:
            return QueueSection.ATTENTION
        if self.review is not None:
            return QueueSection.REVIEWED
        return QueueSection.STALE if self.state is StoreState.STALE else QueueSection.NOTHING

    @property
    def change_on_year(self) -> float | None:
        """Share by which the next seven days differ from those of last year; None where undefined."""
        return self.next7 / self.year7 - 1 if self.next7 is not None and self.year7 else None

    @property
    def change(self) -> float | None:
        """Share by which the next seven days differ from the last; None where undefined."""
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

    Failed, behind, a late feed, no forecast, an unusual day and an unusual week need attention; age alone
    never does, and neither does what was reviewed, unless it failed or went behind since.

    Parameters
    ----------
    summary
        Of the store's total; None before the first forecast.
    as_of
        The business date.
    age
        Of the predictor; None without one.
    review
        What was said of the store last; it holds for the forecast and the day it was said of.
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
    """Sort: what needs attention first, by state, then by how unusual the week is."""
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
        through = (
            f"New sales through {wording.day(snapshot.sales.last_ds)}" if newer else "Sales or plan changed"
        )
        return f"{through} since this forecast"
    return "No forecast yet" if state is StoreState.NONE else ""


def _holds(review: Review | None, snapshot: StoreSnapshot, as_of: date) -> bool:
    version = snapshot.head.version if snapshot.head else None
    return review is not None and (review.version, review.as_of) == (version, as_of)


def _unusual(row: QueueRow, summary: SeriesSummary | None) -> str:
    """The unusual day, else the unusual week."""
    if summary is None:
        return ""
    if summary.unusual:
        return summary.unusual
    if row.change is None or not unusual_week(summary.next7, summary.last7, summary.spread7):
        return ""
    note = f"; {summary.note}" if summary.note else ""
    sign = "+" if row.change > 0 else "−"
    return f"Next 7 days {sign}{100 * abs(row.change):.0f}% against last week{note}"


def _running(run: RefreshRun | None) -> str:
    if run is None or run.state is RunState.QUEUED:
        return "Waiting for its turn"
    if run.state is RunState.WAITING and not run.elsewhere:
        return f"Tries again soon: {run.error}"
    return (
        f"{run.stage or 'Starting'}: {run.done} of {run.total} {'series' if run.store else 'stores'}"
        if run.total
        else run.stage or "Starting"
    )


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]
