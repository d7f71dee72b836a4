from datetime import UTC, datetime, timedelta, timezone
from itertools import islice

import pytest

from forecasting.core.errors import InvalidRequest
from forecasting.engines.aws_forecast.names import Ids, Names, candidates, free_name, is_candidate, normalised

LONGEST = Names("s" * 24)
ARN = "arn:aws:forecast:eu-west-1:123456789012:predictor/storecast_20190403T043000_01ABC"


def test_names_fit_for_the_longest_group() -> None:
    """AWS takes at most 63 letters, digits and underscores; a hundredth attempt still fits."""
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


def test_a_predictor_is_named_for_the_instant() -> None:
    """The same instant in another time zone is the same name."""
    instant = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)
    elsewhere = instant.astimezone(timezone(timedelta(hours=9)))
    assert Names("storecast").predictor(elsewhere) == "storecast_20190403T043000"
    assert Names("storecast").predictor(instant) == Names("storecast").predictor(elsewhere)


def test_a_forecast_is_named_for_what_it_is_made_of() -> None:
    """Another predictor or other inputs have another name; the same have the same."""
    names = Names("storecast")
    assert names.forecast(ARN, "a") == names.forecast(ARN, "a")
    assert len({names.forecast(ARN, "a"), names.forecast(ARN, "b"), names.forecast(f"{ARN}2", "a")}) == 3


def test_ours_begin_with_the_group() -> None:
    """A name that only begins with the same letters is foreign."""
    names = Names("storecast")
    assert names.owns("storecast_20190403T043000")
    assert not names.owns("storecasting")
    assert not names.owns("other_storecast_1")


def test_a_taken_name_gets_a_number() -> None:
    """The first number that is free, from 2 on; a number in the name itself is no such number."""
    assert free_name("a_b", ["a"]) == "a_b"
    assert free_name("a_b", ["a_b", "a_b_2"]) == "a_b_3"
    assert is_candidate("a_b_3", "a_b")
    assert not is_candidate("a_b_c", "a_b")
    assert not is_candidate("a_bb", "a_b")


@pytest.mark.parametrize(
    ("name", "there"),
    [("1", "1"), ("Store 7", "store_7"), ("Köln-Süd", "koln-sud"), ("a.b/c", "a_b_c"), ("ALL", "all")],
)
def test_names_of_stores_in_aws(name: str, there: str) -> None:
    """Small letters, digits, underscore and hyphen."""
    assert normalised(name) == there


def test_two_names_that_would_be_one_are_refused() -> None:
    """The error names both; the same name twice is fine."""
    ids = Ids("stores")
    assert ids.of("Koln") == ids.of("Koln") == "koln"
    with pytest.raises(InvalidRequest, match=r"stores.*'Koln' and 'KÖLN'.*'koln'"):
        ids.of("KÖLN")
