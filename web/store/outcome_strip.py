"""The strip of recent days in *How reliable is it?*: a mark says whether sales fell inside the likely range.

Days inside, above and below differ by shape as well as by colour. ``web/static/figures.css`` styles it.
"""

from typing import NamedTuple

from forecasting.planning.recent_outcomes import DayOutcome, Outcome, RecentOutcomes
from web.shared import formats, templates
from web.shared.templates import Html

SHAPES = {
    Outcome.INSIDE: "●",
    Outcome.ABOVE: "▲",
    Outcome.BELOW: "▼",
    Outcome.CLOSED: "–",
    Outcome.UNKNOWN: "○",
}

WORDS = {
    Outcome.INSIDE: "inside the likely range",
    Outcome.ABOVE: "sold more than high",
    Outcome.BELOW: "sold less than low",
    Outcome.CLOSED: "closed",
    Outcome.UNKNOWN: "no forecast the day before",
}

LEGEND_WORDS = WORDS | {Outcome.INSIDE: "inside", Outcome.UNKNOWN: "no forecast"}
"""Shorter words, for the legend."""

WEEK = 7


class Mark(NamedTuple):
    """One day as the template needs it."""

    shape: str
    title: str
    is_miss: bool


def outcome_strip(outcomes: RecentOutcomes) -> Html:
    """Draw a mark for each recent day, and below them the first day of each week."""
    return templates.render(
        "outcome_strip.html",
        marks=[Mark(SHAPES[day.outcome], _title(day), _is_miss(day)) for day in outcomes.days],
        weeks=[formats.short_day(day.ds) for day in outcomes.days[::WEEK]],
        description=_description(outcomes),
    )


def outcome_legend(outcomes: RecentOutcomes) -> Html:
    """Explain the shapes that occur among these days."""
    present = {day.outcome for day in outcomes.days}
    entries = [(SHAPES[each], LEGEND_WORDS[each]) for each in Outcome if each in present]
    return templates.render("outcome_legend.html", entries=entries)


def _description(outcomes: RecentOutcomes) -> str:
    """Describe the strip for screen readers: the count, and each day outside the range."""
    missed = [f"{formats.day(day.ds)} {WORDS[day.outcome]}" for day in outcomes.days if _is_miss(day)]
    details = f": {'; '.join(missed)}" if missed else ""
    return f"{outcomes.inside} of the last {formats.days(outcomes.judged)} inside the likely range{details}."


def _is_miss(day: DayOutcome) -> bool:
    return day.outcome in (Outcome.ABOVE, Outcome.BELOW)


def _title(day: DayOutcome) -> str:
    """The tooltip of a day: its outcome, what was sold and what was forecast."""
    words = f"{formats.day(day.ds)}: {WORDS[day.outcome]}"
    if day.sold is None or day.outcome is Outcome.CLOSED:
        return words
    likely = f"likely {formats.units(day.low)} – {formats.units(day.high)}"
    return f"{words}; sold {formats.units(day.sold)}, {likely}"
