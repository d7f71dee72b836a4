"""Published forecast versions: their headers and their summary rows."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class VersionHeader:
    """One forecast version without its days.

    Attributes
    ----------
    input_hash
        Hash of the input values.
    trained_at
        When its predictor was trained.
    assumptions
        What the forecast assumes where the plan is silent, one sentence each.
    chain_id
        The chain its predictor was trained with; ``""`` if there was none.
    """

    version: int
    store: str
    predictor_id: str
    run_id: str
    asked_engine: str
    cutoff: date
    horizon: int
    input_hash: str
    trained_at: datetime
    published_at: datetime
    assumptions: tuple[str, ...] = ()
    chain_id: str = ""


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """One row per series of a version, with everything lists and tiles show without reading the version.

    Attributes
    ----------
    next7, last7
        Expected demand of the next seven days, and sales of the same weekdays one week before; None
        if there are fewer than seven days.
    wape, naive_wape, coverage
        From the backtest: the error of the serving engine, the error of seasonal-naive, and the share of
        days within q10–q90.
    note
        What is special about the next seven days, in words; ``""`` if nothing is.
    sparkline
        Four weeks of sales followed by the next seven days.
    closed_ahead
        Number of closed days right after the newest sales. No sales are due on them.
    year7
        Sales of the same weekdays one year before the next seven days; None unless all are known.
    spread7
        Half the width of the likely range of the next seven days, added up day by day; None as for `next7`.
    unusual
        The day of the next seven that differs most from a usual one, in words; ``""`` if none does.
    """

    store: str
    item: str
    engine: str
    next7: float | None
    last7: float | None
    wape: float | None
    naive_wape: float | None
    coverage: float | None
    sparkline: tuple[float, ...] = ()
    note: str = ""
    closed_ahead: int = 0
    year7: float | None = None
    spread7: float | None = None
    unusual: str = ""
