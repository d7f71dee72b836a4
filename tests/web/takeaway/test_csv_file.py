"""The CSV file, read back."""

import csv
import io

import pandas as pd
import pytest

from tests.web.takeaway.tables import AS_OF, HOSTILE, export, forecast, queue_row
from web.takeaway import csv_file
from web.takeaway.export_table import Table
from web.takeaway.queue_table import queue_table
from web.takeaway.safe_text import FORMULA_STARTS
from web.takeaway.series_table import series_table


def fields(table: Table) -> list[dict[str, str]]:
    """The file's rows by column, as another program reads them."""
    return list(csv.DictReader(io.StringIO(csv_file.write(table).decode("utf-8-sig"), newline="")))


def test_one_row_of_names_then_rows_that_pandas_reads_as_they_are() -> None:
    """Numbers are those of the forecast."""
    frame = pd.read_csv(io.BytesIO(csv_file.write(series_table(export()))))
    assert list(frame.columns) == [
        "date", "low", "expected", "high", "last_week", "last_year", "open", "event",
        "store", "product", "unit", "as_of", "sales_through", "engine", "version",
    ]  # fmt: skip
    assert frame["expected"].tolist() == forecast()["mean"].tolist()
    assert frame["high"].round(6).tolist() == forecast()["q90"].round(6).tolist()


def test_every_row_names_its_origin() -> None:
    """A file that is renamed or joined with others keeps it."""
    for row in fields(series_table(export())):
        assert (row["as_of"], row["engine"], row["version"], row["unit"]) == (
            "2019-04-08", "prophet", "41", "units",
        )  # fmt: skip


def test_days_flags_closed_days_and_unknown_values_are_written_plainly() -> None:
    """ISO dates, yes or no, 0, empty."""
    first, *_between, last = fields(series_table(export()))
    assert (first["date"], first["open"], first["event"]) == ("2019-04-08", "yes", "")
    assert (last["date"], last["open"], last["expected"]) == ("2019-04-14", "no", "0")
    (store,) = fields(queue_table([queue_row("17", version=None)], AS_OF, "All"))
    assert (store["next_7_days"], store["version"]) == ("", "")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_a_formula(name: str) -> None:
    """No field begins like a formula, and none spreads into another field."""
    for table in (
        queue_table([queue_row(name, reason=name)], AS_OF, "All"),
        series_table(export(name, name)),
    ):
        for row in fields(table):
            assert None not in row
            assert row["store"].removeprefix("'") == name
            texts = [value for key, value in row.items() if key in {"store", "product", "reason", "region"}]
            assert not any(text.strip().startswith(FORMULA_STARTS) for text in texts)


def test_a_negative_number_stays_a_number() -> None:
    """Only text is escaped."""
    row = queue_row("17")
    table = queue_table([row], AS_OF, "All")
    lower = Table(
        table.name, table.title, table.columns, [[-0.25 if v == row.change else v for v in table.rows[0]]]
    )
    assert fields(lower)[0]["change"] == "-0.25"
