"""What every `ports.Manifest` promises, on every database."""

from collections.abc import Callable, Mapping

import pytest

from forecasting.core.errors import ImportConflict, InvalidRequest
from forecasting.core.ports import StoreAttributes
from forecasting.storage import SqlStorage
from tests.storage.child import together
from tests.storage.examples import NOW, after, history_file, move

Open = Callable[[], SqlStorage]


def hashes(storage: SqlStorage, kind: str = "sales", at: float | None = None) -> dict[str, str]:
    """The content hash of each store's head, now or as known some seconds after `NOW`."""
    heads = storage.manifest.heads(kind, None if at is None else after(at))
    return {store: file.content_hash for store, file in heads.items()}


def record(
    storage: SqlStorage,
    seconds: float,
    *moves: tuple[str, str, str | None],
    attributes: Mapping[str, StoreAttributes] | None = None,
) -> int:
    """Record sales moves given as store, new and previous hash."""
    heads = [move(store, new, old) for store, new, old in moves]
    return storage.manifest.record("sales.csv", "sales", "Ana", after(seconds), heads, attributes)


def test_an_empty_manifest_has_no_heads(storage: SqlStorage) -> None:
    """Neither now nor at any instant."""
    assert storage.manifest.heads("sales") == storage.manifest.heads("sales", NOW) == {}
    assert storage.manifest.head("1", "sales") is None


def test_an_import_moves_all_its_heads(open_storage: Open) -> None:
    """Every fact of every file comes back; the number goes up with each import."""
    first = record(open_storage(), 0, ("1", "a", None), ("2", "b", None))
    second = record(open_storage(), 1, ("1", "c", "a"))
    reader = open_storage().manifest
    assert reader.heads("sales") == {"1": history_file("1", "c"), "2": history_file("2", "b")}
    assert reader.head("2", "sales") == history_file("2", "b")
    assert second > first


def test_sales_and_plan_have_heads_of_their_own(storage: SqlStorage) -> None:
    """One does not move the other."""
    record(storage, 0, ("1", "a", None))
    storage.manifest.record("plan.csv", "plan", "Ana", NOW, [move("1", "p", None, "plan")])
    assert (hashes(storage), hashes(storage, "plan")) == ({"1": "a"}, {"1": "p"})
    assert (hashes(storage, at=9), hashes(storage, "plan", at=9)) == ({"1": "a"}, {"1": "p"})
    assert storage.manifest.head("1", "plan") == history_file("1", "p", "plan")


def test_a_head_is_known_as_it_was_at_an_instant(storage: SqlStorage) -> None:
    """Of one store and kind; before its first file there is none."""
    record(storage, 0, ("1", "a", None), ("2", "x", None))
    record(storage, 10, ("1", "b", "a"))
    storage.manifest.record("plan.csv", "plan", "Ana", after(20), [move("1", "p", None, "plan")])
    manifest = storage.manifest
    known = [manifest.head("1", "sales", after(seconds)) for seconds in (-1, 0, 9, 10, 99)]
    assert [file and file.content_hash for file in known] == [None, "a", "a", "b", "b"]
    assert known[1] == history_file("1", "a")
    assert [manifest.head("1", "plan", after(seconds)) for seconds in (19, 20)] == [
        None,
        history_file("1", "p", "plan"),
    ]


@pytest.mark.parametrize(("previous", "found"), [(None, "a"), ("x", "a")])
def test_an_import_that_was_overtaken_moves_nothing(
    storage: SqlStorage, previous: str | None, found: str
) -> None:
    """The error names the store; the stores before it in the import are not moved either."""
    record(storage, 0, ("2", found, None))
    with pytest.raises(ImportConflict, match=f"store 2: .*to be {previous or 'none'}, found a"):
        record(storage, 1, ("1", "b", None), ("2", "c", previous))
    assert hashes(storage) == hashes(storage, at=9) == {"2": "a"}


def test_an_import_onto_a_head_that_is_gone_is_refused(storage: SqlStorage) -> None:
    """A previous file is expected where there is none."""
    with pytest.raises(ImportConflict, match=r"store 1: .*to be a, found none"):
        record(storage, 0, ("1", "b", "a"))
    assert hashes(storage) == {}


def test_of_imports_at_the_same_moment_one_wins(storage: SqlStorage) -> None:
    """Ten threads move the same head from the same file: nine are refused."""
    record(storage, 0, ("1", "start", None))

    def one(number: int) -> str:
        try:
            record(storage, 1, ("1", f"import-{number}", "start"))
        except ImportConflict:
            return "refused"
        return f"import-{number}"

    outcomes = together(one, 10)
    assert outcomes.count("refused") == 9
    assert hashes(storage)["1"] in outcomes


def test_the_past_can_be_read(storage: SqlStorage) -> None:
    """What was newest at an instant, that instant included."""
    record(storage, 0, ("1", "a", None))
    record(storage, 10, ("1", "b", "a"), ("2", "x", None))
    assert hashes(storage, at=-1) == {}
    assert hashes(storage, at=0) == hashes(storage, at=9.9) == {"1": "a"}
    assert hashes(storage, at=10) == {"1": "b", "2": "x"}
    assert storage.manifest.heads("sales", NOW) == {"1": history_file("1", "a")}


def test_an_import_can_be_rolled_back(storage: SqlStorage) -> None:
    """Heads go back to what they were; a store that was new has none again; others stay."""
    record(storage, 0, ("1", "a", None), ("3", "z", None))
    wrong = record(storage, 1, ("1", "b", "a"), ("2", "x", None))
    assert storage.manifest.roll_back(wrong, "Ana", after(2)) > wrong
    assert hashes(storage) == {"1": "a", "3": "z"}
    assert storage.manifest.head("1", "sales") == history_file("1", "a")


def test_a_rollback_does_not_rewrite_the_past(storage: SqlStorage) -> None:
    """Between the import and its rollback the wrong file was the newest, and stays so for that time."""
    record(storage, 0, ("1", "a", None))
    storage.manifest.roll_back(record(storage, 1, ("1", "b", "a"), ("2", "x", None)), "Ana", after(2))
    assert hashes(storage, at=1) == {"1": "b", "2": "x"}
    assert hashes(storage, at=2) == {"1": "a"}


def test_imports_go_on_after_a_rollback(storage: SqlStorage) -> None:
    """From the restored file, and for a store that lost its head from none."""
    record(storage, 0, ("1", "a", None))
    storage.manifest.roll_back(record(storage, 1, ("1", "b", "a"), ("2", "x", None)), "Ana", after(2))
    record(storage, 3, ("1", "c", "a"), ("2", "y", None))
    assert hashes(storage) == {"1": "c", "2": "y"}


def test_a_rollback_can_be_rolled_back(storage: SqlStorage) -> None:
    """Which brings the import back, as often as one likes."""
    record(storage, 0, ("1", "a", None))
    undo = storage.manifest.roll_back(record(storage, 1, ("1", "b", "a"), ("2", "x", None)), "Ana", after(2))
    redo = storage.manifest.roll_back(undo, "Ana", after(3))
    assert hashes(storage) == {"1": "b", "2": "x"}
    storage.manifest.roll_back(redo, "Ana", after(4))
    assert hashes(storage) == {"1": "a"}


def test_imports_are_rolled_back_last_first(storage: SqlStorage) -> None:
    """A store that a later import moved blocks the rollback of all stores; the error names both."""
    first = record(storage, 0, ("1", "a", None), ("2", "x", None))
    second = record(storage, 1, ("2", "y", "x"))
    with pytest.raises(ImportConflict, match=f"store 2: expected import {first} .* found import {second}"):
        storage.manifest.roll_back(first, "Ana", after(2))
    assert hashes(storage) == {"1": "a", "2": "y"}


def test_an_import_is_rolled_back_once(storage: SqlStorage) -> None:
    """The rollback has moved its stores since, also those that have no head any more."""
    only = record(storage, 0, ("1", "a", None))
    storage.manifest.roll_back(only, "Ana", after(1))
    with pytest.raises(ImportConflict, match="store 1"):
        storage.manifest.roll_back(only, "Ana", after(2))
    assert hashes(storage) == {}


def test_a_plan_is_rolled_back_without_the_sales(storage: SqlStorage) -> None:
    """Kinds do not block each other."""
    plan = storage.manifest.record("plan.csv", "plan", "Ana", NOW, [move("1", "p", None, "plan")])
    record(storage, 1, ("1", "a", None))
    storage.manifest.roll_back(plan, "Ana", after(2))
    assert (hashes(storage), hashes(storage, "plan")) == ({"1": "a"}, {})


def test_an_unknown_import_is_an_invalid_request(storage: SqlStorage) -> None:
    """Nothing to roll back."""
    with pytest.raises(InvalidRequest, match=r"expected the number of an import that moved .*, found 7"):
        storage.manifest.roll_back(7, "Ana", NOW)


CITY: StoreAttributes = {"store_type": "c", "distance": 1270.5, "promo2": 1, "promo_interval": None}
VILLAGE: StoreAttributes = {"store_type": "a – klein"}


def test_attributes_come_back_as_they_were(open_storage: Open) -> None:
    """Text, numbers and unknown ones, whether the store has sales or not."""
    record(open_storage(), 0, ("1", "a", None), attributes={"1": CITY, "2": VILLAGE})
    assert open_storage().manifest.attributes() == {"1": CITY, "2": VILLAGE}
    assert hashes(open_storage()) == {"1": "a"}


def test_attributes_are_replaced_store_by_store(storage: SqlStorage) -> None:
    """Those an import does not name keep theirs; of those it names nothing old is left."""
    assert storage.manifest.attributes() == {}
    record(storage, 0, ("1", "a", None), attributes={"1": CITY, "2": CITY})
    record(storage, 1, ("1", "b", "a"), attributes={"2": VILLAGE})
    record(storage, 2, ("1", "c", "b"))
    assert storage.manifest.attributes() == {"1": CITY, "2": VILLAGE}


def test_attributes_alone_are_an_import(storage: SqlStorage) -> None:
    """It has a number and moves no head; there is nothing to roll back in it."""
    first = record(storage, 0, ("1", "a", None))
    second = record(storage, 1, attributes={"1": CITY})
    assert second > first
    assert (hashes(storage), storage.manifest.attributes()) == ({"1": "a"}, {"1": CITY})
    with pytest.raises(InvalidRequest, match=f"moved sales or a plan, found {second}"):
        storage.manifest.roll_back(second, "Ana", after(2))


def test_an_import_that_was_overtaken_leaves_attributes_alone(storage: SqlStorage) -> None:
    """They are part of its one transaction."""
    record(storage, 0, ("1", "a", None), attributes={"1": CITY})
    with pytest.raises(ImportConflict):
        record(storage, 1, ("1", "b", None), attributes={"1": VILLAGE})
    assert storage.manifest.attributes() == {"1": CITY}


def test_a_rollback_leaves_attributes_alone(storage: SqlStorage) -> None:
    """They have no history, so the newest ones stay."""
    record(storage, 0, ("1", "a", None), attributes={"1": CITY})
    storage.manifest.roll_back(
        record(storage, 1, ("1", "b", "a"), attributes={"1": VILLAGE}), "Ana", after(2)
    )
    assert (hashes(storage), storage.manifest.attributes()) == ({"1": "a"}, {"1": VILLAGE})
