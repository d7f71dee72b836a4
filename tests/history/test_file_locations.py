"""What every place promises, whatever kind it is."""

from datetime import UTC, datetime, timedelta

import pytest

from forecasting.config.clock import SystemClock
from forecasting.core.errors import StateUnavailable
from forecasting.history.file_locations import PlacedFile
from tests.history.spots import Spot

NAME = "sales/1_x/a.parquet"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BEFORE = LONG_AGO + timedelta(days=1)


def test_what_is_written_is_read(spot: Spot) -> None:
    """Every byte, also where there was another content; an empty file is a file."""
    for content in (b"\0one", b"", bytes(range(256)) * 5000):
        spot.place.write(NAME, content)
        assert spot.place.read(NAME) == content
    assert spot.names == {NAME}


def test_a_missing_file_is_named(spot: Spot) -> None:
    """In a place that is empty, beside others, and above others; with where it should be."""
    for name in (NAME, "sales/1_x/b.parquet", "sales/1_x"):
        with pytest.raises(StateUnavailable, match=rf"history/{name}") as told:
            spot.place.read(name)
        assert spot.place.located(name) in str(told.value)
        spot.place.write(NAME, b"a")


def test_files_are_listed_with_size_and_age(spot: Spot) -> None:
    """By the name they were written under; nothing of what is around them."""
    now = SystemClock().now()
    sizes = {NAME: 3, "sales/1_x/b.parquet": 0, "sales/2_y/a.parquet": 5, "plan/1_x/left.tmp": 7}
    for name, size in sizes.items():
        spot.place.write(name, b"." * size)
    files = list(spot.place.files())
    assert {file.name: file.bytes for file in files} == sizes
    assert all(abs(file.written_at - now) < timedelta(minutes=1) for file in files)
    spot.age(NAME, LONG_AGO)
    assert PlacedFile(NAME, 3, LONG_AGO) in list(spot.place.files())


def test_a_place_is_in_use_once_it_has_a_history_file(spot: Spot) -> None:
    """Not for what an interrupted writer left."""
    assert (list(spot.place.files()), spot.place.in_use()) == ([], False)
    spot.place.write("sales/1_x/left.tmp", b"half")
    assert not spot.place.in_use()
    spot.place.write("sales/2_y/a.parquet", b"whole")
    assert spot.place.in_use()


def test_missing_files_are_told_from_those_that_are_there(spot: Spot) -> None:
    """Many at a time."""
    there = {f"sales/{n}_x/a.parquet" for n in range(20)}
    gone = {f"sales/{n}_x/b.parquet" for n in range(20)}
    for name in there:
        spot.place.write(name, b"a")
    assert spot.place.missing(there | gone) == gone
    assert spot.place.missing(()) == set()


def test_a_file_looks_new_once_it_is_touched_or_written_again(spot: Spot) -> None:
    """Who can't touch a file says so and is to write it."""
    assert not spot.place.touch(NAME)
    spot.place.write(NAME, b"a")
    spot.age(NAME, LONG_AGO)
    if not spot.place.touch(NAME):
        spot.place.write(NAME, b"a")
    assert spot.place.take(NAME, BEFORE) is None
    assert spot.place.read(NAME) == b"a"


def test_an_old_file_is_taken_away_and_dropped(spot: Spot) -> None:
    """Nobody sees it once it is taken; its size is told."""
    spot.place.write(NAME, b"abc")
    spot.place.write("sales/1_x/b.parquet", b"stays")
    spot.age(NAME, LONG_AGO)
    taken = spot.place.take(NAME, BEFORE)
    assert taken is not None
    assert taken.file == PlacedFile(NAME, 3, LONG_AGO)
    assert spot.place.missing({NAME}) == {NAME}
    taken.drop()
    assert spot.names == {"sales/1_x/b.parquet"}


def test_a_file_that_was_taken_can_be_put_back(spot: Spot) -> None:
    """As it was."""
    spot.place.write(NAME, b"abc")
    spot.age(NAME, LONG_AGO)
    taken = spot.place.take(NAME, BEFORE)
    assert taken is not None
    taken.put_back()
    assert spot.place.read(NAME) == b"abc"
    assert spot.names == {NAME}


def test_only_an_old_file_is_taken(spot: Spot) -> None:
    """Not one that was written at that very instant, nor one that is gone."""
    spot.place.write(NAME, b"abc")
    spot.age(NAME, BEFORE)
    assert spot.place.take(NAME, BEFORE) is None
    assert spot.place.take("sales/1_x/b.parquet", BEFORE) is None
    assert spot.place.read(NAME) == b"abc"


def test_of_two_who_take_a_file_one_gets_it(spot: Spot) -> None:
    """And what stands aside for one is not taken by the other for a leftover."""
    spot.place.write(NAME, b"abc")
    spot.age(NAME, LONG_AGO)
    taken = spot.place.take(NAME, BEFORE)
    assert taken is not None
    assert [spot.place.take(name, BEFORE) for name in spot.names | {NAME}] == [None] * len(
        spot.names | {NAME}
    )
    taken.put_back()
    assert spot.place.read(NAME) == b"abc"
