from datetime import timedelta

import pytest

from forecasting.core.domain import SYSTEM, StoreState, Volume
from forecasting.core.errors import StateUnavailable
from forecasting.services.vital_signs import COUNTED_EVERY, quantile
from tests.house import LAST, House, sales


def test_stores_are_counted_by_state(house: House) -> None:
    """The age of the oldest predictor is reported as well."""
    before = house.services.operations.vital_signs(SYSTEM)
    assert (before.stores, before.oldest) == ({StoreState.NONE: 2}, None)
    house.services.refreshing.refresh(SYSTEM, "1")
    house.work()
    house.clock.turn(timedelta(hours=1))
    house.services.refreshing.refresh(SYSTEM, "2")
    house.work()
    house.next_day()
    told = house.services.operations.vital_signs(SYSTEM)
    assert told.stores == {StoreState.BEHIND: 1, StoreState.FRESH: 1}
    assert told.oldest == timedelta(hours=1)
    assert told.versions.count == 2
    assert told.versions.bytes > 0
    assert told.free is not None


def test_history_files_are_not_counted_at_every_look(house: House) -> None:
    """But again after a while, or where the clock was set back."""
    first = house.services.operations.vital_signs(SYSTEM).files
    assert first is not None
    assert first.count == 2
    house.deliver("sales", [sales("3", "101", 70.0, LAST, LAST)])
    assert house.services.operations.vital_signs(SYSTEM).files == first
    house.clock.turn(COUNTED_EVERY)
    later = house.services.operations.vital_signs(SYSTEM).files
    assert later is not None
    assert later.count == 3
    house.deliver("sales", [sales("4", "101", 70.0, LAST, LAST)])
    house.clock.turn(-timedelta(seconds=1))
    assert house.services.operations.vital_signs(SYSTEM).files != later


def test_history_that_cannot_be_counted_leaves_the_rest_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be far away."""

    def usage() -> Volume:
        raise StateUnavailable("the bucket is out of reach")

    monkeypatch.setattr(house.history, "usage", usage)
    told = house.services.operations.vital_signs(SYSTEM)
    assert (told.files, sum(told.stores.values())) == (None, 2)


def test_a_quantile_is_one_of_the_values() -> None:
    """The smallest that so many do not exceed (nearest rank)."""
    values = [timedelta(seconds=each) for each in (9, 1, 5, 3, 7)]
    found = [quantile(values, level) for level in (0.0, 0.2, 0.5, 0.9, 1.0)]
    assert [each and each.total_seconds() for each in found] == [1, 1, 5, 9, 9]
    assert quantile([], 0.5) is None
