from datetime import date, timedelta

import pytest

from forecasting.core.domain import TrackRow
from forecasting.planning.recent_outcomes import DAYS, Outcome, judge_recent_days

LAST = date(2019, 4, 2)


def record(*rows: tuple[int, float], lead: int = 1, is_open: bool = True) -> list[TrackRow]:
    """Days up to the last one with their sales; the range is 80 to 120 on all of them."""
    return [
        TrackRow(
            "all", ds := LAST - timedelta(days=back), lead, 7, "prophet", ds - timedelta(days=lead),
            y=sold, mean=100.0, q10=80.0, q50=100.0, q90=120.0, is_open=is_open,
        )
        for back, sold in rows
    ]  # fmt: skip


def test_there_is_an_outcome_for_each_of_the_last_days() -> None:
    """Four weeks up to the newest sales, oldest first; days without a forecast are unknown."""
    found = judge_recent_days(record((0, 100.0)), LAST)
    assert [day.ds for day in found.days] == [LAST - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    assert {day.outcome for day in found.days[:-1]} == {Outcome.UNKNOWN}
    assert (found.judged, found.inside) == (1, 1)


@pytest.mark.parametrize(
    ("sold", "outcome"),
    [(80.0, Outcome.INSIDE), (120.0, Outcome.INSIDE), (79.9, Outcome.BELOW), (120.1, Outcome.ABOVE)],
)
def test_a_day_is_inside_up_to_the_edges(sold: float, outcome: Outcome) -> None:
    """As in all other counts."""
    day = judge_recent_days(record((3, sold)), LAST).days[-4]
    assert (day.outcome, day.sold, day.low, day.high) == (outcome, sold, 80.0, 120.0)


def test_closed_days_are_not_judged() -> None:
    """For any forecast."""
    found = judge_recent_days(record((1, 0.0), is_open=False), LAST)
    assert found.days[-2].outcome is Outcome.CLOSED
    assert found.judged == 0


def test_only_forecasts_of_the_day_before_count() -> None:
    """Other leads and earlier days are ignored."""
    rows = [*record((2, 500.0), lead=7), *record((DAYS, 500.0))]
    assert judge_recent_days(rows, LAST).judged == 0


def test_the_promised_number_of_days_inside_is_known() -> None:
    """Four in five of the judged days, rounded."""
    found = judge_recent_days(record(*((back, 100.0 if back > 4 else 200.0) for back in range(28))), LAST)
    assert (found.judged, found.inside, found.expected) == (28, 23, 22)
    assert found.recent_count(Outcome.ABOVE) == 5
