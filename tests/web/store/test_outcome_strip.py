"""The strip of recent days in *How reliable is it?*."""

import xml.etree.ElementTree as ET
from datetime import date, timedelta

from forecasting.planning.recent_outcomes import DayOutcome, Outcome, RecentOutcomes
from tests.web.drawn import having, text
from web.store.outcome_strip import outcome_legend, outcome_strip

DAY = date(2019, 4, 4)


def test_each_outcome_has_a_shape_and_words() -> None:
    """Outcomes differ by more than colour."""
    days = [DayOutcome(DAY + timedelta(at), each, 9.0, 4.0, 8.0) for at, each in enumerate(Outcome)]
    drawn = ET.fromstring(outcome_strip(RecentOutcomes(tuple(days))))  # noqa: S314 - our own
    marks = [*having(drawn, "marks")[0]]
    assert len({text(mark) for mark in marks}) == len(Outcome)
    assert marks[1].get("title") == "Fri 5 Apr: sold more than high; sold 9, likely 4 – 8"
    legend = ET.fromstring(outcome_legend(RecentOutcomes(tuple(days))))  # noqa: S314 - our own
    assert [text(each)[0] for each in legend] == [text(mark) for mark in marks]
    assert drawn.get("aria-label") == (
        "1 of the last 3 days inside the likely range: Fri 5 Apr sold more than high; "
        "Sat 6 Apr sold less than low."
    )


def test_the_legend_explains_only_the_shapes_that_occur() -> None:
    """No shape for closed days if no day was closed."""
    days = (DayOutcome(DAY, Outcome.INSIDE), DayOutcome(DAY + timedelta(1), Outcome.BELOW))
    legend = ET.fromstring(outcome_legend(RecentOutcomes(days)))  # noqa: S314 - our own
    assert [text(each) for each in legend] == ["● inside", "▼ sold less than low"]
