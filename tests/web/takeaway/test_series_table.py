from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from web.takeaway.series_table import YEAR, days_to_read

DAY = timedelta(days=1)


@given(cutoff=st.dates(date(2015, 1, 1), date(2030, 1, 1)), ago=st.integers(1, 400), late=st.integers(0, 400))
def test_sales_are_read_from_a_year_before_the_first_day_of_a_version(
    cutoff: date, ago: int, late: int
) -> None:
    """Also for an old version, and if the store's sales end before the business date."""
    as_of = cutoff + ago * DAY
    newest = max(cutoff, as_of - DAY - late * DAY)
    first_read = newest - (days_to_read(cutoff, as_of) - 1) * DAY
    assert first_read <= cutoff + DAY - YEAR
