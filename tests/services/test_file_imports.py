from datetime import timedelta

import pandas as pd
import pytest

from forecasting.core.domain import LOCAL_USER, StoreState, Verdict
from forecasting.core.errors import InvalidFile, NotPermitted
from tests.house import LAST, House, sales
from tests.services.people import NORTHERNER
from tests.services.pressing import press, trained
from tests.services.published import TOTAL


def test_importing_the_same_file_again_changes_nothing(house: House) -> None:
    """Equal values are equal inputs."""
    trained(house)
    house.import_both_stores()
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
    assert press(house) is Verdict.FRESH


def test_a_planner_may_not_import(house: House) -> None:
    """Files are an operator's business."""
    with pytest.raises(NotPermitted):
        house.deliver("sales", [sales("1", "101", 1.0, LAST, LAST)], NORTHERNER)


def test_a_refused_file_leaves_everything_as_it_was(house: House) -> None:
    """The message names row and column; history and forecast stay."""
    trained(house)
    before = house.services.forecasts.sales(LOCAL_USER, TOTAL)
    bad = sales("1", "101", 1.0, LAST, LAST + timedelta(days=1)).assign(demand=[5.0, -1.0])
    with pytest.raises(InvalidFile, match=r"sales\.csv, row 3, column 'demand'"):
        house.deliver("sales", [bad])
    pd.testing.assert_frame_equal(house.services.forecasts.sales(LOCAL_USER, TOTAL), before)
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
