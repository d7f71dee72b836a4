"""What every storage promises about daily chores and signs of life, on every database."""

from collections.abc import Callable
from datetime import timedelta

from forecasting.core.domain import Chore
from forecasting.storage import SqlStorage
from forecasting.storage.chores import RETAKEN_AFTER
from forecasting.storage.sql_claims import FORGOTTEN
from tests.children import Child, release
from tests.storage.child import begin_night, together
from tests.storage.examples import NOW, after, turn

Open = Callable[[], SqlStorage]
TODAY = NOW.date()
TOMORROW = TODAY + timedelta(days=1)


def test_a_chore_is_taken_on_once_a_day(open_storage: Open) -> None:
    """By the first worker that asks. Others are refused while it works and once it is done."""
    first, second = open_storage().chores, open_storage().chores
    assert first.begin(Chore.REFRESH, TODAY, "worker-1", NOW)
    assert not second.begin(Chore.REFRESH, TODAY, "worker-2", after(1))
    assert second.last(Chore.REFRESH) is None
    first.finish(Chore.REFRESH, TODAY, after(2))
    assert second.last(Chore.REFRESH) == TODAY
    assert not second.begin(Chore.REFRESH, TODAY, "worker-2", after(86_000))
    assert second.begin(Chore.REFRESH, TOMORROW, "worker-2", after(86_400))


def test_a_day_that_is_past_is_not_taken_on(storage: SqlStorage) -> None:
    """Even if a worker's clock or time zone lags behind."""
    storage.chores.begin(Chore.REFRESH, TOMORROW, "worker-1", NOW)
    assert not storage.chores.begin(Chore.REFRESH, TODAY, "worker-2", after(10_000))


def test_chores_do_not_wait_for_each_other(storage: SqlStorage) -> None:
    """Each has its own day."""
    storage.chores.begin(Chore.REFRESH, TODAY, "worker-1", NOW)
    assert storage.chores.begin(Chore.PRUNE, TODAY, "worker-1", NOW)
    storage.chores.finish(Chore.PRUNE, TODAY, NOW)
    assert storage.chores.last(Chore.REFRESH) is None


def test_a_chore_left_unfinished_is_taken_over(storage: SqlStorage) -> None:
    """Its worker died. Only one worker takes it over, and not before the time for it has passed."""
    seconds = RETAKEN_AFTER.total_seconds()
    storage.chores.begin(Chore.REFRESH, TODAY, "worker-1", NOW)
    assert not storage.chores.begin(Chore.REFRESH, TODAY, "worker-2", after(seconds - 1))
    assert storage.chores.begin(Chore.REFRESH, TODAY, "worker-2", after(seconds))
    assert not storage.chores.begin(Chore.REFRESH, TODAY, "worker-3", after(seconds + 1))


def test_of_many_workers_at_the_same_moment_one_takes_the_night(storage: SqlStorage) -> None:
    """Ten threads, one winner."""

    def one(number: int) -> str:
        return str(storage.chores.begin(Chore.REFRESH, TODAY, f"worker-{number}", NOW))

    assert sorted(together(one, 10)) == ["False"] * 9 + ["True"]


def test_of_two_processes_one_takes_the_night(storage: SqlStorage) -> None:
    """Each tries twenty times: of forty tries one succeeds."""
    place = storage.database.place
    children = [Child(begin_night, place, f"process-{number}", 20) for number in range(2)]
    told = [taken for each in release(children) for taken in each]
    assert sorted(told) == [False] * 39 + [True]


def test_the_last_sign_of_life_is_anybodys(open_storage: Open) -> None:
    """None before the first one; then the newest of all workers."""
    storage = open_storage()
    assert storage.vitals.silence() is None
    for worker, at in [("worker-1", 0), ("worker-2", 7), ("worker-1", 5)]:
        turn(storage, after(at))
        open_storage().claims.beat(worker)
    turn(storage, after(10))
    assert open_storage().vitals.silence() == timedelta(seconds=3)


def test_workers_of_long_ago_are_forgotten(storage: SqlStorage) -> None:
    """Every start brings a new name; the old ones do not pile up."""
    for number in range(20):
        turn(storage, NOW + number * FORGOTTEN / 2)
        storage.claims.beat(f"worker-{number}")
    with storage.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM refresh_worker").scalar_one() <= 3
