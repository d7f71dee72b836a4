"""What the version before was made with, found again and proved."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from forecasting.calendar.inputs import StoreFacts
from forecasting.core.domain import LOCAL_USER, SeriesKey
from forecasting.core.explanation import Cause
from forecasting.core.pooled_priors import ChainPriors
from forecasting.storage.tables import forecast_version
from forecasting.training.assignment import Assignment
from forecasting.training.previous_version import NOT_FOUND, UNREADABLE, Earlier, EarlierVersions
from forecasting.training.tasks import ForecastTask, StoreFiles
from tests.house import House, plan
from tests.storage.examples import chain, pool, press_chain

SALES, PLAN, MODEL = Cause


def trained(house: House, store: str = "1") -> None:
    """Press and work, an hour later."""
    house.clock.turn(timedelta(hours=1))
    house.service.refresh(LOCAL_USER, store, force=True)
    house.work()


def delivered(house: House, *kinds: str) -> None:
    """A new day of sales, a planned closure, each an hour later."""
    for kind in kinds:
        house.clock.turn(timedelta(hours=1))
        if kind == "sales":
            house.next_day()
        else:
            house.deliver("plan", [plan("1", date(2019, 4, 20), date(2019, 4, 20), is_open=0)])


def earlier(house: House, *, kept: bool = True, files: StoreFiles | None = None) -> Earlier | None:
    """The version before of store 1, for what would be made of it now."""
    manifest, snapshot = house.storage.manifest, house.storage.runs.snapshots(["1"])["1"]
    assert snapshot.sales is not None
    now = StoreFiles(snapshot.sales, manifest.head("1", "plan"))
    predictor = None
    if kept and snapshot.head:
        predictor = house.storage.versions.predictor(snapshot.head.predictor_id)
    return EarlierVersions(house.storage, house.settings.horizon).of(snapshot, files or now, predictor)


def test_a_first_version_has_none_before(house: House) -> None:
    """There is nothing to look up."""
    assert earlier(house) is None


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
    """Only where it is more than one thing is anything run again."""
    delivered(house, "plan")
    house.clock.turn(timedelta(hours=1))
    house.deliver("plan", [plan("1", date(2019, 4, 21), date(2019, 4, 21), is_open=0)])
    trained(house)
    if "plan" in news:
        house.clock.turn(timedelta(hours=1))
        house.deliver("plan", [plan("1", date(2019, 4, 22), date(2019, 4, 22), is_open=0)])
    delivered(house, *[each for each in news if each == "sales"])
    found = earlier(house, kept=kept)
    assert found is not None
    assert (found.version, found.causes, found.untold) == (1, causes, "")
    assert (found.before is not None) is (len(causes) > 1) is bool(found.means)


def test_what_is_run_again_is_what_it_was_made_with(house: House) -> None:
    """Plan, choices without their scores, and what it said."""
    delivered(house, "plan")
    old_plan = house.storage.manifest.head("1", "plan")
    trained(house)
    house.clock.turn(timedelta(hours=1))
    house.deliver("plan", [plan("1", date(2019, 4, 22), date(2019, 4, 22), is_open=0)])
    delivered(house, "sales")
    found = earlier(house, kept=False)
    assert found is not None
    assert found.before is not None
    assert found.before.plan == old_plan
    choices = house.service.predictor(LOCAL_USER, "1").choices
    assert [(each.item, each.engine, each.widths, each.scores) for each in found.before.choices] == [
        (each.item, each.engine, each.widths, ()) for each in choices
    ]
    assert list(found.means) == ["all", "101", "102"]
    for item, said in found.means.items():
        frame = house.service.forecast(LOCAL_USER, SeriesKey("1", item))
        assert said.mean.tolist() == frame["mean"].tolist()
        assert said.days[0] == frame["ds"].iloc[0].to_datetime64().astype("datetime64[D]").astype(int)


def test_sales_that_arrived_while_it_was_made_are_not_mistaken_for_its_own(house: House) -> None:
    """Its hash tells which went in: those of when it was claimed, not of when it was published."""
    house.service.refresh(LOCAL_USER, "1")
    house.clock.turn(timedelta(hours=1))
    (run,) = house.storage.claims.claim("worker", timedelta(hours=9), timedelta(hours=9))
    finished = list(house.training([run], lambda *_: None))
    house.clock.turn(timedelta(minutes=1))
    house.next_day()
    house.clock.turn(timedelta(minutes=1))
    house.storage.publications.publish(run, finished[0].publication, house.clock.now())  # type: ignore[arg-type]
    found = earlier(house)
    assert found is not None
    assert found.causes == (SALES,)


def test_what_can_not_be_proved_is_not_claimed(house: House) -> None:
    """Such as other facts of the store."""
    trained(house)
    sales = house.storage.manifest.head("1", "sales")
    assert sales is not None
    found = earlier(house, files=StoreFiles(sales, facts=StoreFacts(place="DE")))
    assert found == Earlier(1, untold=NOT_FOUND)


def test_a_version_that_can_not_be_read_stops_no_forecast(house: House) -> None:
    """What moved it is not told; the next version is there."""
    trained(house)
    with house.storage.database.writing() as connection:
        connection.execute(sa.update(forecast_version).values(forecast=b"no arrow"))
    delivered(house, "sales", "plan")
    trained(house)
    assert house.storage.versions.reasons(2).unexplained == UNREADABLE
    assert len(house.service.why(LOCAL_USER, SeriesKey("1")).days) == 28


def pooled(house: House, name: str) -> ChainPriors:
    """Publish what is pooled over all stores, an hour later."""
    house.clock.turn(timedelta(hours=1))
    storage, now = house.storage, house.clock.now()
    made = chain(name, now, engine="flat")
    storage.requests.submit_chain(press_chain(now), pool)
    (run,) = storage.claims.claim("worker", timedelta(hours=1), timedelta(hours=1))
    storage.publications.publish_chain(run, made, now)
    return made


def test_the_chain_it_was_trained_with_is_used_again(house: House) -> None:
    """A training uses the newest; what is run again beside it knows what was known then."""
    pooled(house, "c-1")
    trained(house)
    pooled(house, "c-2")
    delivered(house, "sales")
    house.compute.tasks.clear()
    trained(house)
    tasks = [task for task in house.compute.tasks if isinstance(task, ForecastTask)]
    assert tasks
    for task in tasks:
        assert task.before is not None
        assert (task.chain and task.chain.chain_id, task.before.chain and task.before.chain.chain_id) == (
            "c-2",
            "c-1",
        )


def test_results_beside_another_version_are_not_taken_over(house: House) -> None:
    """What a worker kept of a run that it lost was compared with the version there was then."""
    trained(house)
    (run,) = house.storage.runs.recent(1)
    sales = house.storage.manifest.head("1", "sales")
    assert sales is not None
    one, other = (
        Assignment(run, StoreFiles(sales), None, None, earlier=each).fingerprint(28)
        for each in (Earlier(1), Earlier(2))
    )
    assert one != other
