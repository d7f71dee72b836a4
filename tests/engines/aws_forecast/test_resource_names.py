from datetime import UTC, datetime, timedelta, timezone
from itertools import islice

import pytest

from forecasting.core.errors import InvalidRequest
from forecasting.engines.aws_forecast.resource_names import (
    ResourceNames,
    UniqueIds,
    candidates,
    free_name,
    is_candidate,
    normalise,
)

LONGEST = ResourceNames("s" * 24)
ARN = "arn:aws:forecast:eu-west-1:123456789012:predictor/storecast_20190403T043000_01ABC"


def test_names_fit_for_the_longest_group() -> None:
    """AWS accepts at most 63 letters, digits and underscores; even the hundredth attempt fits."""
    made = [
        LONGEST.target_import("f" * 64),
        LONGEST.related_import("f" * 64),
        LONGEST.predictor(datetime(2019, 4, 3, tzinfo=UTC)),
        LONGEST.forecast(ARN, "f" * 64),
        LONGEST.backtest(ARN),
    ]
    for name in made:
        hundredth = list(islice(candidates(name), 100))[-1]
        assert len(hundredth) <= 63
        assert hundredth.replace("_", "").isalnum()


def test_a_predictor_is_named_for_the_time_of_the_request() -> None:
    """The same instant in another time zone gives the same name."""
    instant = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)
    elsewhere = instant.astimezone(timezone(timedelta(hours=9)))
    assert ResourceNames("storecast").predictor(elsewhere) == "storecast_20190403T043000"
    assert ResourceNames("storecast").predictor(instant) == ResourceNames("storecast").predictor(elsewhere)


def test_a_forecast_is_named_for_its_predictor_and_inputs() -> None:
    """Another predictor or other inputs give another name."""
    names = ResourceNames("storecast")
    assert names.forecast(ARN, "a") == names.forecast(ARN, "a")
    assert len({names.forecast(ARN, "a"), names.forecast(ARN, "b"), names.forecast(f"{ARN}2", "a")}) == 3


def test_ours_begin_with_the_group() -> None:
    """A name that only begins with the same letters is not ours."""
    names = ResourceNames("storecast")
    assert names.owns("storecast_20190403T043000")
    assert not names.owns("storecasting")
    assert not names.owns("other_storecast_1")


def test_a_taken_name_gets_a_number() -> None:
    """The first free number from 2 on; a number in the name itself does not count."""
    assert free_name("a_b", ["a"]) == "a_b"
    assert free_name("a_b", ["a_b", "a_b_2"]) == "a_b_3"
    assert is_candidate("a_b_3", "a_b")
    assert not is_candidate("a_b_c", "a_b")
    assert not is_candidate("a_bb", "a_b")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("1", "1"), ("Store 7", "store_7"), ("Köln-Süd", "koln-sud"), ("a.b/c", "a_b_c"), ("ALL", "all")],
)
def test_names_of_stores_in_aws(name: str, expected: str) -> None:
    """Small letters, digits, underscore and hyphen."""
    assert normalise(name) == expected


def test_two_names_with_the_same_id_are_refused() -> None:
    """The error names both; the same name twice is fine."""
    ids = UniqueIds("stores")
    assert ids.id_of("Koln") == ids.id_of("Koln") == "koln"
    with pytest.raises(InvalidRequest, match=r"stores.*'Koln' and 'KÖLN'.*'koln'"):
        ids.id_of("KÖLN")
