"""The canonical long format: one row per store, item and day.

========  ===========================================================================================
kind      columns (case and order are free, columns of other names are not used)
========  ===========================================================================================
sales     store, item, date, demand; optional: region, is_open, promo, holiday, school_holiday
plan      store, date; optional: item (by default ``"all"``: every item), is_open, promo, holiday,
          school_holiday
========  ===========================================================================================
"""

from collections.abc import Mapping

from forecasting.core.domain import ALL_ITEMS
from forecasting.core.schema import COVARIATES
from forecasting.history.cell_parsers import PARSERS, Value
from forecasting.history.file_layout import FileLayout, LayoutColumn

_DEFAULTS: Mapping[str, Value] = {
    "item": ALL_ITEMS,
    "region": "",
    "is_open": True,
    "promo": False,
    "holiday": "",
    "school_holiday": False,
}


def _layout(kind: str, required: tuple[str, ...], optional: tuple[str, ...]) -> FileLayout:
    columns = {name: LayoutColumn(name, PARSERS[name]) for name in required}
    columns |= {name: LayoutColumn(name, PARSERS[name], _DEFAULTS[name]) for name in optional}
    return FileLayout("canonical", kind, columns)


LAYOUTS: Mapping[str, FileLayout] = {
    "sales": _layout("sales", ("store", "item", "date", "demand"), ("region", *COVARIATES)),
    "plan": _layout("plan", ("store", "date"), ("item", *COVARIATES)),
}
"""The layout by kind of file."""
