"""What every `ports.Storage` promises about what planners have looked at, on every database."""

from collections.abc import Callable
from dataclasses import replace

from forecasting.core.domain import Review, Visit
from forecasting.storage import SqlStorage
from tests.storage.examples import NOW, after

Open = Callable[[], SqlStorage]
REVIEW = Review("1", 7, NOW.date(), "Ana", NOW)


def test_a_review_is_kept_and_replaced(open_storage: Open) -> None:
    """One for each store: the newest, for everybody."""
    open_storage().reviews.record(REVIEW)
    later = replace(REVIEW, version=8, by="Ben", at=after(60))
    open_storage().reviews.record(later)
    open_storage().reviews.record(replace(REVIEW, store="2"))
    assert open_storage().reviews.read() == {"1": later, "2": replace(REVIEW, store="2")}
    assert open_storage().reviews.read(["2"]) == {"2": replace(REVIEW, store="2")}


def test_a_review_can_be_withdrawn(storage: SqlStorage) -> None:
    """And withdrawing what nobody said is nothing to complain of."""
    storage.reviews.record(REVIEW)
    for _ in range(2):
        storage.reviews.withdraw("1")
    assert storage.reviews.read() == {}


def test_the_pulse_of_reviews_differs_after_every_change(storage: SqlStorage) -> None:
    """A review given, given again, given of another store, and taken back."""
    seen = [storage.reviews.pulse()]
    for at in (NOW, after(60)):
        storage.reviews.record(replace(REVIEW, at=at))
        seen.append(storage.reviews.pulse())
    storage.reviews.record(replace(REVIEW, store="2"))
    seen.append(storage.reviews.pulse())
    storage.reviews.withdraw("2")
    seen.append(storage.reviews.pulse())
    assert seen == [(0, None), (1, NOW), (1, after(60)), (2, after(60)), (1, after(60))]


def test_a_visit_remembers_the_version_before(open_storage: Open) -> None:
    """The first has none; seeing the same again changes nothing, a newer one moves on."""
    reviews = open_storage().reviews
    assert reviews.record_visit("ana", "1", 7, NOW) == Visit(7, NOW)
    assert reviews.record_visit("ana", "1", 7, after(60)) == Visit(7, NOW)
    assert reviews.record_visit("ana", "1", 9, after(90)) == Visit(9, after(90), 7)
    assert open_storage().reviews.record_visit("ana", "1", 9, after(99)) == Visit(9, after(90), 7)


def test_everybody_has_visits_of_their_own(storage: SqlStorage) -> None:
    """By store as well."""
    storage.reviews.record_visit("ana", "1", 7, NOW)
    assert storage.reviews.record_visit("ben", "1", 8, NOW) == Visit(8, NOW)
    assert storage.reviews.record_visit("ana", "2", 8, NOW) == Visit(8, NOW)
    assert storage.reviews.record_visit("ana", "1", 8, NOW) == Visit(8, NOW, 7)
