"""How the previous version was made is reconstructed, and confirmed by its hash."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from forecasting.calendar.inputs import StoreFacts
from forecasting.core.domain import LOCAL_USER, SeriesKey
from forecasting.core.explanation import Cause
from forecasting.core.pooled_priors import ChainPriors
from forecasting.storage.tables import forecast_version
from forecasting.training.assignment import Assignment
from forecasting.training.forecast_task import ForecastTask
from forecasting.training.previous_version import (
    NOT_FOUND,
    UNREADABLE,
    PreviousVersion,
    PreviousVersionFinder,
)
from forecasting.training.store_files import StoreFiles
from tests.house import House, plan
from tests.storage.examples import chain, pool, press_chain

SALES, PLAN, MODEL = Cause


def trained(house: House, store: str = "1") -> None:
    """Refresh an hour later, and do the work."""
    house.clock.turn(timedelta(hours=1))
    house.services.refreshing.refresh(LOCAL_USER, store, force=True)
    house.work()


def delivered(house: House, *kinds: str) -> None:
    """A new day of sales, a planned closure, each an hour later."""
    for kind in kinds:
        house.clock.turn(timedelta(hours=1))
        if kind == "sales":
            house.next_day()
        else:
            house.deliver("plan", [plan("1", date(2019, 4, 20), date(2019, 4, 20), is_open=0)])


def previous(house: House, *, kept: bool = True, files: StoreFiles | None = None) -> PreviousVersion | None:
    """The previous version of store 1, if its next version were made now."""
    manifest, snapshot = house.storage.manifest, house.storage.runs.snapshots(["1"])["1"]
    assert snapshot.sales is not None
    now = StoreFiles(snapshot.sales, manifest.head("1", "plan"))
    predictor = None
    if kept and snapshot.head:
        predictor = house.storage.versions.predictor(snapshot.head.predictor_id)
    return PreviousVersionFinder(house.storage, house.settings.horizon).find(
        snapshot, files or now, predictor
    )


def test_a_first_version_has_no_previous_one(house: House) -> None:
    """There is nothing to look up."""
    assert previous(house) is None


@pytest.mark.parametrize(
    ("news", "kept", "causes"),
    [
        ([], True, ()),
        ([], False, (MODEL,)),
        (["sales"], True, (SALES,)),
        (["plan"], True, (PLAN,)),
        (["sales", "plan"], True, (SALES, PLAN)),
        (["plan", "sales"], False, (SALES, PLAN, MODEL)),
        (["sales"], False, (SALES, MODEL)),
    ],
)
def test_what_has_changed_since_is_found(
    house: House, news: list[str], *, kept: bool, causes: tuple[Cause, ...]
) -> None:
    """A replay is set up only if more than one thing has changed."""
    delivered(house, "plan")
    house.clock.turn(timedelta(hours=1))
    house.deliver("plan", [plan("1", date(2019, 4, 21), date(2019, 4, 21), is_open=0)])
    trained(house)
    if "plan" in news:
        house.clock.turn(timedelta(hours=1))
        house.deliver("plan", [plan("1", date(2019, 4, 22), date(2019, 4, 22), is_open=0)])
    delivered(house, *[each for each in news if each == "sales"])
    found = previous(house, kept=kept)
    assert found is not None
    assert (found.version, found.causes, found.unexplained) == (1, causes, "")
    assert (found.setup is not None) is (len(causes) > 1) is bool(found.means)


def test_a_replay_has_the_previous_plan_choices_and_means(house: House) -> None:
    """The choices come without their scores."""
    delivered(house, "plan")
    old_plan = house.storage.manifest.head("1", "plan")
    trained(house)
    house.clock.turn(timedelta(hours=1))
    house.deliver("plan", [plan("1", date(2019, 4, 22), date(2019, 4, 22), is_open=0)])
    delivered(house, "sales")
    found = previous(house, kept=False)
    assert found is not None
    assert found.setup is not None
    assert found.setup.plan == old_plan
    choices = house.services.forecasts.predictor(LOCAL_USER, "1").choices
    assert [(each.item, each.engine, each.widths, each.scores) for each in found.setup.choices] == [
        (each.item, each.engine, each.widths, ()) for each in choices
    ]
    assert list(found.means) == ["all", "101", "102"]
    for item, said in found.means.items():
        frame = house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1", item))
        assert said.mean.tolist() == frame["mean"].tolist()
        assert said.days[0] == frame["ds"].iloc[0].to_datetime64().astype("datetime64[D]").astype(int)


def test_sales_that_arrived_during_the_run_are_not_taken_for_its_inputs(house: House) -> None:
    """The hash shows that the files at the time of the claim went in, not those at publication."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.clock.turn(timedelta(hours=1))
    (run,) = house.storage.claims.claim("worker", timedelta(hours=9), timedelta(hours=9))
    finished = list(house.training([run], lambda *_: None))
    house.clock.turn(timedelta(minutes=1))
    house.next_day()
    house.clock.turn(timedelta(minutes=1))
    house.storage.publications.publish(run, finished[0].publication, house.clock.now())  # type: ignore[arg-type]
    found = previous(house)
    assert found is not None
    assert found.causes == (SALES,)


def test_a_version_whose_hash_matches_no_candidate_is_unexplained(house: House) -> None:
    """As when the facts about the store have changed."""
    trained(house)
    sales = house.storage.manifest.head("1", "sales")
    assert sales is not None
    found = previous(house, files=StoreFiles(sales, facts=StoreFacts(place="DE")))
    assert found == PreviousVersion(1, unexplained=NOT_FOUND)


def test_an_unreadable_previous_version_stops_no_forecast(house: House) -> None:
    """What moved the forecast is left unexplained; the next version is published."""
    trained(house)
    with house.storage.database.writing() as connection:
        connection.execute(sa.update(forecast_version).values(forecast=b"no arrow"))
    delivered(house, "sales", "plan")
    trained(house)
    assert house.storage.versions.reasons(2).unexplained == UNREADABLE
    assert len(house.services.explanations.why(LOCAL_USER, SeriesKey("1")).days) == 28


def pooled(house: House, name: str) -> ChainPriors:
    """Publish a chain, an hour later."""
    house.clock.turn(timedelta(hours=1))
    storage, now = house.storage, house.clock.now()
    made = chain(name, now, engine="flat")
    storage.requests.submit_chain(press_chain(now), pool)
    (run,) = storage.claims.claim("worker", timedelta(hours=1), timedelta(hours=1))
    storage.publications.publish_chain(run, made, now)
    return made


def test_the_replay_uses_the_previous_chain(house: House) -> None:
    """While the training itself uses the newest one."""
    pooled(house, "c-1")
    trained(house)
    pooled(house, "c-2")
    delivered(house, "sales")
    house.compute.tasks.clear()
    trained(house)
    tasks = [task for task in house.compute.tasks if isinstance(task, ForecastTask)]
    assert tasks
    for task in tasks:
        assert task.previous is not None
        assert (task.chain and task.chain.chain_id, task.previous.chain and task.previous.chain.chain_id) == (
            "c-2",
            "c-1",
        )


def test_checkpoints_made_before_another_version_are_not_used(house: House) -> None:
    """Their replays were compared with the version that was the newest then."""
    trained(house)
    (run,) = house.storage.runs.recent(1)
    sales = house.storage.manifest.head("1", "sales")
    assert sales is not None
    one, other = (
        Assignment(run, StoreFiles(sales), None, None, previous=each).fingerprint(28)
        for each in (PreviousVersion(1), PreviousVersion(2))
    )
    assert one != other
