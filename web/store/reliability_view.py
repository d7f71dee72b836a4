"""*How reliable is it?*: how the forecasts of recent days compare with the sales of those days."""

from collections.abc import Mapping

from forecasting.core.domain import SeriesSummary
from forecasting.core.error_sums import ErrorSums
from forecasting.planning.recent_outcomes import RecentOutcomes
from forecasting.planning.track_record import LEADS
from web.shared import formats, html_table, templates
from web.shared.html_table import Heading
from web.shared.templates import Html
from web.store.outcome_strip import outcome_legend, outcome_strip

TITLE = "How reliable is it?"
NO_RECORD = "No track record yet: it starts with the next day of sales."

LEAD_HEADINGS = (
    Heading("Forecast made", is_figure=False),
    Heading("Error"),
    Heading("Bias", is_figure=False),
    Heading("Inside"),
    Heading("Days"),
)


def reliability_section(
    record: RecentOutcomes, sums: Mapping[int, ErrorSums], summary: SeriesSummary | None
) -> Html:
    """Draw the recent days, the error by days ahead, and the backtest beside the 4-week average.

    Parameters
    ----------
    sums
        The errors of published forecasts, by lead in days.
    summary
        The summary row of the newest version, with its backtest; None if there is none.
    """
    content = [html_table.note(NO_RECORD)]
    if record.judged:
        content = [
            templates.render(
                "days_inside.html", inside=record.inside, judged=record.judged, expected=record.expected
            ),
            outcome_strip(record),
            outcome_legend(record),
            _by_lead(sums),
        ]
    return html_table.section(TITLE, *content, html_table.note(_backtest(summary)))


def _by_lead(sums: Mapping[int, ErrorSums]) -> Html:
    """Draw error and bias of published forecasts by days ahead; leads without a day are omitted."""
    known = {lead: sums[lead] for lead in LEADS if sums[lead].days}
    rows = [
        [
            formats.days_before(lead),
            formats.percent(each.wape),
            formats.bias(each.bias),
            formats.percent(each.coverage, 0),
            formats.number(each.days),
        ]
        for lead, each in known.items()
    ]
    return html_table.scrolling(
        "Error of published forecasts by days ahead", html_table.table(LEAD_HEADINGS, rows)
    )


def _backtest(summary: SeriesSummary | None) -> str:
    if summary is None or summary.wape is None:
        return "There is no backtest to compare with the 4-week average."
    own, naive = formats.percent(summary.wape), formats.percent(summary.naive_wape)
    inside = formats.percent(summary.coverage, 0)
    return f"In the backtest: error {own}, 4-week average {naive}; {inside} of days inside, 80% intended."
