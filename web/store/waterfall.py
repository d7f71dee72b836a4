"""The waterfall of *Why*: how the factors of a day add up to its forecast.

It is HTML, which is lighter than a chart. A step up and a step down differ by sign as well as by colour.
``web/static/figures.css`` styles it.
"""

from typing import NamedTuple

from forecasting.planning.breakdown import DayBreakdown
from web.shared import formats, templates
from web.shared.templates import Html


class Bar(NamedTuple):
    """One bar: it begins at `start` and adds `amount`.

    Attributes
    ----------
    name
        The factor, in words.
    start, amount
        In the unit of demand.
    label
        The amount in whole units, as it is shown.
    is_sum
        Whether it begins at 0: the base and the total do.
    """

    name: str
    start: float
    amount: float
    label: str
    is_sum: bool

    @property
    def low(self) -> float:
        """Its left end."""
        return min(self.start, self.start + self.amount)


class DrawnBar(NamedTuple):
    """A bar as the template needs it; position and width in percent of the track."""

    name: str
    label: str
    css_class: str
    left_percent: float
    width_percent: float


def bars(day: DayBreakdown) -> list[Bar]:
    """Compute the bars of a day: each step begins where the previous one ended; the last bar is the total.

    A label is the difference between the running totals in whole units before and after the step, so the
    labels add up to the total as it is shown.
    """
    steps: list[Bar] = []
    total = 0.0
    for number, step in enumerate(day.steps):
        after = total + step.amount
        whole = formats.whole(after) - formats.whole(total)
        label = formats.signed(whole) if number else formats.units(whole)
        steps.append(Bar(step.text, total, step.amount, label, is_sum=not number))
        total = after
    return [*steps, Bar("Expected", 0.0, day.expected, formats.units(day.expected), is_sum=True)]


def waterfall(day: DayBreakdown) -> Html:
    """Draw the bars of a day from top to bottom."""
    all_bars = bars(day)
    lowest = min(0.0, *(bar.low for bar in all_bars))
    width = max(bar.low + abs(bar.amount) for bar in all_bars) - lowest or 1.0
    drawn = [_drawn(bar, lowest, width) for bar in all_bars]
    return templates.render("waterfall.html", bars=drawn, description=_description(day, all_bars))


def _drawn(bar: Bar, lowest: float, width: float) -> DrawnBar:
    left, share = (bar.low - lowest) / width, abs(bar.amount) / width
    return DrawnBar(bar.name, bar.label, _css_class(bar), 100 * left, 100 * share)


def _description(day: DayBreakdown, all_bars: list[Bar]) -> str:
    """Describe the waterfall for screen readers."""
    steps = "; ".join(f"{bar.name} {bar.label}" for bar in all_bars)
    return f"What {formats.long_day(day.ds)} is made of: {steps}."


def _css_class(bar: Bar) -> str:
    if bar.is_sum:
        return "sum"
    return "up" if bar.amount >= 0 else "down"
