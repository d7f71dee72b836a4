from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from forecasting.core.domain import LOCAL_USER, Chore, PruneReport
from forecasting.services.housekeeping import DailyChores
from forecasting.storage import SqlStorage, open_database
from tests.house import House

DAY = timedelta(days=1)


class Hand:
    """One process's part in the daily chores of a house, with a storage of its own."""

    def __init__(self, house: House, name: str) -> None:
        self.storage = SqlStorage(open_database(house.home))
        self.done: list[str] = []
        self.chores = DailyChores(self.storage, house.clock, house.settings, name, self._refresh, self._prune)
        self.undisturbed = True

    def _refresh(self) -> list[object]:
        self.done.append("refresh")
        return []

    def _prune(self, go_on: Callable[[], bool]) -> PruneReport:
        self.done.append("prune")
        return PruneReport(complete=go_on())

    def do_due(self) -> list[str]:
        """Do the chores that are due; return what was done."""
        self.done.clear()
        self.chores(lambda: self.undisturbed)
        return list(self.done)


def moment(text: str, day: date = date(2019, 4, 3)) -> datetime:
    """A time of a day in UTC."""
    return datetime.combine(day, time.fromisoformat(text), tzinfo=UTC)


@pytest.fixture
def nightly_house(tmp_path: Path) -> Iterator[House]:
    """A house refreshed at 04:30; it is a quarter past, and yesterday's chores are done."""
    house = House(tmp_path, nightly=time(4, 30)).furnish()
    house.clock.instant = moment("04:15")
    for chore in Chore:
        house.storage.chores.begin(chore, date(2019, 4, 2), "yesterday", moment("04:30", date(2019, 4, 2)))
        house.storage.chores.finish(chore, date(2019, 4, 2), moment("04:31", date(2019, 4, 2)))
    yield house
    house.close()


@pytest.fixture
def hands(nightly_house: House) -> Iterator[tuple[Hand, Hand]]:
    """Two processes."""
    both = Hand(nightly_house, "worker-1"), Hand(nightly_house, "worker-2")
    yield both
    for hand in both:
        hand.storage.close()


def test_the_night_is_done_once_by_two_processes(nightly_house: House, hands: tuple[Hand, Hand]) -> None:
    """Not before its time, then by the first process, then not again until tomorrow."""
    first, second = hands
    assert first.do_due() == second.do_due() == []
    nightly_house.clock.instant = moment("04:30")
    assert second.do_due() == ["refresh", "prune"]
    assert first.do_due() == second.do_due() == []
    nightly_house.clock.turn(DAY)
    assert first.do_due() == ["refresh", "prune"]
    assert second.do_due() == []


def test_the_night_is_done_once_by_two_processes_at_the_same_moment(
    nightly_house: House, hands: tuple[Hand, Hand]
) -> None:
    """Thirty nights, both processes at once."""
    nightly_house.clock.instant = moment("04:30")
    with ThreadPoolExecutor(2) as pool:
        for _ in range(30):
            done = [*pool.map(Hand.do_due, hands)]
            assert sorted(done[0] + done[1]) == ["prune", "refresh"]
            nightly_house.clock.turn(DAY)


def test_a_process_that_comes_up_in_the_morning_makes_up_for_the_night(
    nightly_house: House, hands: tuple[Hand, Hand]
) -> None:
    """In the evening it doesn't any more, but still prunes."""
    nightly_house.clock.instant = moment("08:00")
    assert "refresh" in hands[0].do_due()
    nightly_house.clock.instant = moment("17:00", date(2019, 4, 4))
    assert hands[0].do_due() == ["prune"]


def test_a_night_broken_off_is_done_again(nightly_house: House, hands: tuple[Hand, Hand]) -> None:
    """The worker died before it had asked for every store; another one asks for all of them."""
    nightly_house.clock.instant = moment("04:30")
    nightly_house.storage.chores.begin(Chore.REFRESH, date(2019, 4, 3), "dead", nightly_house.clock.now())
    assert "refresh" not in hands[0].do_due()
    nightly_house.clock.turn(timedelta(minutes=6))
    assert "refresh" in hands[0].do_due()


def test_pruning_waits_until_no_run_is_left(nightly_house: House, hands: tuple[Hand, Hand]) -> None:
    """The nightly refresh goes first."""
    nightly_house.clock.instant = moment("04:30")
    nightly_house.services.refreshing.refresh_all(LOCAL_USER)
    assert hands[0].do_due() == ["refresh"]
    nightly_house.work()
    assert hands[0].do_due() == ["prune"]


def test_pruning_that_was_disturbed_is_taken_up_later(nightly_house: House, hands: tuple[Hand, Hand]) -> None:
    """After some minutes, until it was once complete."""
    nightly_house.clock.instant = moment("04:30")
    hands[0].undisturbed = False
    assert "prune" in hands[0].do_due()
    assert hands[0].do_due() == []
    nightly_house.clock.turn(timedelta(minutes=6))
    hands[0].undisturbed = True
    assert hands[0].do_due() == ["prune"]
    nightly_house.clock.turn(timedelta(minutes=6))
    assert hands[0].do_due() == []


def test_without_a_nightly_time_nothing_is_refreshed_and_pruning_is_daily(house: House) -> None:
    """From midnight on, once."""
    hand = Hand(house, "worker-1")
    assert [hand.do_due() for _ in range(2)] == [["prune"], []]
    house.clock.instant = moment("23:59")
    assert hand.do_due() == []
    house.clock.instant = moment("00:00", date(2019, 4, 4))
    assert hand.do_due() == ["prune"]
    hand.storage.close()
