"""Predictors of a dataset group, with unmodified clients over HTTP and pages of two resources."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.engines.aws_forecast.trainer import PredictorState
from tests.aws_fake.clock import VirtualClock
from tests.engines.aws_forecast.chain import GROUP, HORIZON, Chain


def ago(chain: Chain, **age: float) -> datetime:
    """Return a time in the past."""
    return chain.aws.clock.now() - timedelta(**age)


def seeded(chain: Chain, name: str, hours: float, status: str = "ACTIVE", **more: object) -> str:
    """Add a predictor to the group; return its ARN."""
    return chain.aws.add_predictor(name, group=GROUP, created=ago(chain, hours=hours), status=status, **more)


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clocks went forward on 31 March 2019, 01:00 UTC."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_an_empty_account(empty: Chain) -> None:
    """It is no error; the table is empty but has its columns."""
    trainer = empty.trainer
    table = trainer.get_df_pred_metadata()
    assert table.empty
    assert list(table) == ["arn", "name", "status", "created_at", "is_auto", "ours", "message"]
    assert trainer.get_latest_predictor() is None
    assert trainer.get_training_predictor() is None
    assert trainer.latest_predictor_in_tolerance() is None
    assert trainer.prune() == []
    assert trainer.state() is PredictorState.NONE


def test_the_table_of_predictors(chain: Chain) -> None:
    """Newest first, with ages in UTC, and which of them are ours."""
    seeded(chain, "storecast_a", 3)
    seeded(chain, "by_hand", 2, auto=False)
    seeded(chain, "storecast_b", 1, "CREATE_FAILED", message="no luck")
    table = chain.trainer.get_df_pred_metadata()
    assert table["name"].tolist() == ["storecast_b", "by_hand", "storecast_a"]
    assert table["status"].tolist() == ["CREATE_FAILED", "ACTIVE", "ACTIVE"]
    assert table["ours"].tolist() == [True, False, True]
    assert table["is_auto"].tolist() == [True, False, True]
    assert table["message"].tolist() == ["no luck", "", ""]
    assert table["created_at"].iloc[0] == pd.Timestamp(ago(chain, hours=1))


def test_predictors_of_a_foreign_group_do_not_count(chain: Chain) -> None:
    """Predictors of another dataset group are ignored, whatever their names."""
    chain.aws.add_predictor("storecast_x", group="other", created=ago(chain, hours=1))
    assert chain.trainer.get_latest_predictor() is None


def test_the_newest_on_the_last_page(chain: Chain) -> None:
    """All pages are read, in any order."""
    for hours in (40, 30, 20, 10, 5):
        seeded(chain, f"storecast_{hours}", hours)
    latest = chain.trainer.get_latest_predictor()
    assert latest is not None
    assert latest.name == "storecast_5"
    assert len(chain.aws.named("ListPredictors")) == 3


@pytest.mark.parametrize(
    ("status", "trains"),
    [
        ("CREATE_PENDING", True),
        ("CREATE_IN_PROGRESS", True),
        ("CREATE_STOPPING", False),
        ("CREATE_STOPPED", False),
    ],
)
def test_a_predictor_in_training(chain: Chain, status: str, trains: bool) -> None:  # noqa: FBT001
    """One that is being stopped does not count."""
    arn = seeded(chain, "storecast_now", 0.1, status)
    found = chain.trainer.get_training_predictor()
    assert (found.arn if found else None) == (arn if trains else None)


def test_a_training_for_another_horizon_does_not_count(chain: Chain) -> None:
    """The horizon of a legacy predictor is read with another operation."""
    seeded(chain, "storecast_now", 0.1, "CREATE_IN_PROGRESS", horizon=7)
    legacy = seeded(chain, "by_hand", 0.2, "CREATE_IN_PROGRESS", horizon=14, auto=False)
    found = chain.trainer.get_training_predictor(14)
    assert found is not None
    assert found.arn == legacy
    assert chain.trainer.get_training_predictor(28) is None


@pytest.mark.parametrize(("hours", "within"), [(47.5, True), (48.0, False), (48.5, False)])
@pytest.mark.usefixtures("in_berlin")
def test_age_across_a_change_of_the_clocks(chain: Chain, hours: float, within: bool) -> None:  # noqa: FBT001
    """Elapsed hours count, although AWS's times come as local ones; exactly 48 h is too old."""
    chain.aws.use_clock(VirtualClock(datetime(2019, 4, 1, 10, 30, tzinfo=UTC)))
    seeded(chain, "storecast_a", hours)
    found = chain.trainer.latest_predictor_in_tolerance()
    assert (found is not None) is within
    assert chain.trainer.state() is (
        PredictorState.WITHIN_TOLERANCE if within else PredictorState.PAST_TOLERANCE
    )


def test_the_newest_failed(chain: Chain) -> None:
    """The active one before it counts, if it is within the tolerance."""
    seeded(chain, "storecast_a", 30)
    seeded(chain, "storecast_b", 1, "CREATE_FAILED")
    found = chain.trainer.latest_predictor_in_tolerance()
    assert found is not None
    assert found.name == "storecast_a"
    assert chain.trainer.latest_predictor_in_tolerance(tolerance_days=1) is None


def test_states(chain: Chain) -> None:
    """Only failures; then one in training, whatever the others are."""
    seeded(chain, "storecast_a", 1, "CREATE_FAILED")
    assert chain.trainer.state() is PredictorState.FAILED
    seeded(chain, "storecast_b", 0.1, "CREATE_IN_PROGRESS")
    assert chain.trainer.state() is PredictorState.TRAINING


def test_a_training_needs_the_group(empty: Chain) -> None:
    """The error names the command that creates it."""
    with pytest.raises(EngineUnavailable, match="python -m forecasting aws setup"):
        empty.trainer.train_new_predictor(empty.aws.clock.now(), HORIZON)


def test_a_created_predictor_that_is_not_listed_yet_is_busy(chain: Chain) -> None:
    """AWS lists new resources with a delay."""
    chain.aws.fail("CreateAutoPredictor", "ResourceAlreadyExistsException")
    with pytest.raises(EngineBusy, match="does not list it yet"):
        chain.trainer.train_new_predictor(chain.aws.clock.now(), HORIZON)


def pruned(chain: Chain, looks: int) -> list[list[str]]:
    """Prune several times, every minute; return the old predictors each time."""
    seen = []
    for _ in range(looks):
        seen.append([job.name for job in chain.trainer.prune()])
        chain.aws.clock.turn(timedelta(minutes=1))
    return seen


def names(chain: Chain, kind: str) -> set[str]:
    """Return the names of all resources of a kind."""
    return {each[f"{base}Name"] for each in chain.aws.resources(kind) for base in [_BASES[kind]]}


_BASES = {"predictor": "Predictor", "forecast": "Forecast", "forecast-export-job": "ForecastExportJob"}


def test_old_predictors_are_deleted_with_their_dependents(chain: Chain) -> None:
    """The newest two active ones stay; a forecast is deleted before its predictor."""
    for hours, status in (
        (5, "ACTIVE"),
        (4, "CREATE_FAILED"),
        (3, "ACTIVE"),
        (2, "CREATE_FAILED"),
        (1, "ACTIVE"),
    ):
        arn = seeded(chain, f"storecast_{hours}", hours, status)
        if status == "ACTIVE":
            chain.aws.add_forecast(f"storecast_f{hours}", predictor=arn)
    assert pruned(chain, 3) == [["storecast_4", "storecast_5"], ["storecast_5"], []]
    assert names(chain, "predictor") == {"storecast_3", "storecast_2", "storecast_1"}
    assert names(chain, "forecast") == {"storecast_f3", "storecast_f1"}


def test_resources_of_others_are_kept(chain: Chain) -> None:
    """A predictor created elsewhere, one of another group, and ours if a resource of others depends on it."""
    old = seeded(chain, "storecast_9", 9)
    chain.aws.add_forecast("by_hand", predictor=old)
    seeded(chain, "by_hand", 8)
    chain.aws.add_predictor("storecast_7", group="other", created=ago(chain, hours=7))
    for hours in (2, 1):
        seeded(chain, f"storecast_{hours}", hours)
    pruned(chain, 3)
    assert names(chain, "predictor") == {
        "storecast_9",
        "by_hand",
        "storecast_7",
        "storecast_2",
        "storecast_1",
    }
    assert names(chain, "forecast") == {"by_hand"}
