"""Presses on Refresh in a test's own process."""

from forecasting.core.domain import LOCAL_USER, Verdict
from tests.house import House


def press(house: House, **more: object) -> Verdict:
    """Press Refresh for store 1 as the local user."""
    return house.services.refreshing.refresh(LOCAL_USER, "1", **more).verdict  # type: ignore[arg-type] # by name


def trained(house: House) -> House:
    """Press and work store 1."""
    press(house)
    house.work()
    return house
