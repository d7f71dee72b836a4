"""The figures of *Why* and *Can I trust it*: pure functions to HTML, which is lighter than a chart.

A step up and a step down differ by sign and words, a day inside, above and below by shape; colour only helps.
Their look is in ``web/static/look.css``.
"""

from html import escape
from typing import NamedTuple

from forecasting.planning.trust import Outcome, Trust, TrustDay
from forecasting.planning.why import DayWhy
from web.shared import formats

SHAPES = {
    Outcome.INSIDE: "●",
    Outcome.ABOVE: "▲",
    Outcome.BELOW: "▼",
    Outcome.CLOSED: "–",
    Outcome.UNKNOWN: "○",
}
"""A shape for each outcome."""

HOW = {
    Outcome.INSIDE: "inside the likely range",
    Outcome.ABOVE: "sold more than high",
    Outcome.BELOW: "sold less than low",
    Outcome.CLOSED: "closed",
    Outcome.UNKNOWN: "nothing was forecast the day before",
}

SHORT = HOW | {Outcome.INSIDE: "inside", Outcome.UNKNOWN: "nothing forecast"}
"""The same in few words, for the legend."""

WEEK = 7


class Bar(NamedTuple):
    """One bar of the waterfall: from `start` by `amount`, with its label."""

    name: str
    start: float
    amount: float
    label: str
    is_sum: bool

    @property
    def low(self) -> float:
        """Its left end."""
        return min(self.start, self.start + self.amount)


def bars(day: DayWhy) -> list[Bar]:
    """The bars of a day: each step from where the one before ended, and their sum.

    A label is the difference of what was reached in whole units before and after, so that they add up to the
    sum as it is read.
    """
    drawn: list[Bar] = []
    reached = 0.0
    for number, step in enumerate(day.steps):
        after = reached + step.amount
        whole = formats.whole(after) - formats.whole(reached)
        label = formats.signed(whole) if number else formats.units(whole)
        drawn.append(Bar(step.words, reached, step.amount, label, is_sum=not number))
        reached = after
    return [*drawn, Bar("Expected", 0.0, day.expected, formats.units(day.expected), is_sum=True)]


def waterfall(day: DayWhy) -> str:
    """Draw what a day is made of, from top to bottom."""
    drawn = bars(day)
    lowest = min(0.0, *(bar.low for bar in drawn))
    width = max(bar.low + abs(bar.amount) for bar in drawn) - lowest or 1.0
    rows = "".join(
        _bar(bar, 100 * (bar.low - lowest) / width, 100 * abs(bar.amount) / width) for bar in drawn
    )
    return f'<div class="waterfall" role="img" aria-label="{escape(waterfall_alt(day))}">{rows}</div>'


def waterfall_alt(day: DayWhy) -> str:
    """Describe the waterfall for those who don't see it."""
    told = "; ".join(f"{bar.name} {bar.label}" for bar in bars(day))
    return f"What {formats.long_day(day.ds)} is made of: {told}."


def strip(trust: Trust) -> str:
    """Draw a mark for each of the last days: inside, above, below, closed, unknown; each week's first day."""
    marks = "".join(map(_mark, trust.days))
    weeks = "".join(f"<span>{day.ds.day} {day.ds:%b}</span>" for day in trust.days[::WEEK])
    return (
        f'<div class="strip" role="img" aria-label="{escape(strip_alt(trust))}">'
        f'<div class="marks">{marks}</div><div class="weeks">{weeks}</div></div>'
    )


def legend(trust: Trust) -> str:
    """Say what the shapes mean that are among these days; no words are torn from their shape."""
    seen = {day.outcome for day in trust.days}
    told = (f"<span>{SHAPES[each]} {SHORT[each]}</span>" for each in Outcome if each in seen)
    return f'<p class="note legend">{" ".join(told)}</p>'


def strip_alt(trust: Trust) -> str:
    """Describe the strip for those who don't see it."""
    missed = [f"{formats.day(day.ds)} {HOW[day.outcome]}" for day in trust.days if _missed(day)]
    told = f": {'; '.join(missed)}" if missed else ""
    return f"{trust.inside} of the last {trust.judged} days inside the likely range{told}."


def _bar(bar: Bar, left: float, width: float) -> str:
    look = "sum" if bar.is_sum else "up" if bar.amount >= 0 else "down"
    return (
        f'<span class="name">{escape(bar.name)}</span><span class="track">'
        f'<i class="{look}" style="margin-left:{left:.2f}%;width:{width:.2f}%"></i>'
        f"<b>{bar.label}</b></span>"
    )


def _mark(day: TrustDay) -> str:
    look = ' class="miss"' if _missed(day) else ""
    return f'<span{look} title="{escape(_told(day))}">{SHAPES[day.outcome]}</span>'


def _missed(day: TrustDay) -> bool:
    return day.outcome in (Outcome.ABOVE, Outcome.BELOW)


def _told(day: TrustDay) -> str:
    words = f"{formats.day(day.ds)}: {HOW[day.outcome]}"
    if day.sold is None or day.outcome is Outcome.CLOSED:
        return words
    likely = f"likely {formats.units(day.low)} – {formats.units(day.high)}"
    return f"{words}; sold {formats.units(day.sold)}, {likely}"
