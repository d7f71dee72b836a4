import pytest

from forecasting.core.domain import LOCAL_USER
from tests.house import House


@pytest.fixture
def forecast_house(house: House) -> House:
    """A house with a forecast of both stores."""
    house.services.refreshing.refresh_all(LOCAL_USER)
    house.work()
    return house
