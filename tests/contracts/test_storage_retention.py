"""What every `ports.Retention` promises, on every database."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forecasting.core.domain import FileKey, RunState
from forecasting.core.errors import ImportConflict, InvalidRequest
from forecasting.core.ports import OutdatedRecords
from forecasting.storage import SqlStorage
from tests.storage.examples import NOW, after, move, predictor, press, publication, publish, retrain, running

Open = Callable[[], SqlStorage]
DAY = 86_400


def publish_daily(storage: SqlStorage, days: int, store: str = "1") -> list[int]:
    """Publish once a day from `NOW` on, each with a predictor of its own; return the versions."""
    versions = []
    for day in range(days):
        trained = predictor(f"p-{store}-{day}", after(day * DAY))
        run = running(storage, store, after(day * DAY))
        shown = publication(store, float(day), trained)
        versions.append(storage.publications.publish(run, shown, after(day * DAY)).version)
    return versions


def import_daily(storage: SqlStorage, *hashes: str, store: str = "1", first_day: int = 0) -> list[int]:
    """Import one file a day from `NOW` on; return the imports."""
    previous = storage.manifest.head(store, "sales")
    before = previous.content_hash if previous else None
    imports = []
    for day, content in enumerate(hashes, start=first_day):
        moves = [move(store, content, before)]
        imports.append(storage.manifest.record("sales.csv", "sales", "Ana", after(day * DAY), moves))
        before = content
    return imports


def remove(storage: SqlStorage, outdated: OutdatedRecords) -> tuple[int, ...]:
    """Remove all that is outdated, as pruning does; return how many of each went."""
    retention = storage.retention
    return (
        retention.remove_versions(outdated.versions),
        retention.remove_predictors(outdated.predictors),
        retention.remove_runs(outdated.runs),
        retention.remove_imports(outdated.imports),
    )


def names(storage: SqlStorage, before: float) -> set[str]:
    """Content hashes of the files that are needed."""
    return {key.content_hash for key in storage.retention.files(after(before))}


def test_nothing_is_outdated_in_an_empty_storage(storage: SqlStorage) -> None:
    """And removing nothing removes nothing."""
    assert storage.retention.outdated(1, NOW) == OutdatedRecords()
    assert remove(storage, OutdatedRecords()) == (0, 0, 0, 0)
    assert storage.retention.files(NOW) == set()


def test_versions_beyond_the_count_go_once_they_have_been_replaced_for_long(storage: SqlStorage) -> None:
    """Of ten daily ones the newest four stay by count, two more because they were replaced after day 5."""
    versions = publish_daily(storage, 10)
    outdated = storage.retention.outdated(4, after(5 * DAY))
    assert outdated.versions == tuple(versions[:4])
    assert sorted(outdated.predictors) == [f"p-1-{day}" for day in range(4)]
    assert len(outdated.runs) == 4
    assert remove(storage, outdated) == (4, 4, 4, 0)
    assert storage.retention.outdated(4, after(5 * DAY)) == OutdatedRecords()


def test_a_version_shown_until_a_moment_ago_stays_however_old_it_is(storage: SqlStorage) -> None:
    """Its time counts from when it was replaced: who has its page open can go on."""
    old, new = publish(storage, at=after(0)), publish(storage, at=after(400 * DAY))
    assert storage.retention.outdated(1, after(399 * DAY)).versions == ()
    assert storage.retention.outdated(1, after(400 * DAY + 1)).versions == (old.version,)
    assert storage.versions.header(new.version) == new


def test_what_is_gone_is_gone_whole(storage: SqlStorage) -> None:
    """Days, header, summaries, predictor and run; the rest reads as before."""
    gone, kept = publish_daily(storage, 2)
    remove(storage, storage.retention.outdated(1, after(9 * DAY)))
    for ask in (storage.versions.read, storage.versions.header):
        with pytest.raises(InvalidRequest):
            ask(gone)
    with pytest.raises(InvalidRequest):
        storage.versions.predictor("p-1-0")
    assert storage.runs.get(press().run_id) is None
    with storage.database.reading() as connection:
        count = connection.exec_driver_sql("SELECT count(DISTINCT version) FROM forecast_summary")
        assert count.scalar_one() == 1
    assert storage.versions.header(kept).predictor_id == "p-1-1"
    assert storage.versions.read(kept)["mean"].unique().tolist() == [1.0]


def test_numbers_are_not_used_again(storage: SqlStorage) -> None:
    """A link to a version that is gone never leads to another one."""
    versions = publish_daily(storage, 2)
    remove(storage, storage.retention.outdated(1, after(9 * DAY)))
    assert publish(storage, at=after(9 * DAY)).version > versions[-1]


def test_a_predictor_stays_as_long_as_a_version_is_its(storage: SqlStorage) -> None:
    """A roll-forward keeps what its first version was trained with."""
    publish(storage, at=after(0))
    publish(storage, at=after(DAY))
    outdated = storage.retention.outdated(1, after(9 * DAY))
    assert (len(outdated.versions), outdated.predictors) == (1, ())
    remove(storage, outdated)
    assert storage.versions.predictor("p-1") == predictor()


def test_what_has_come_to_be_needed_meanwhile_stays(storage: SqlStorage) -> None:
    """Between finding and removing the world goes on; heads, their predictors and runs hold."""
    head = publish(storage)
    waiting = storage.requests.submit(press("2"), retrain).run
    assert waiting is not None
    everything = OutdatedRecords((head.version,), ("p-1",), (head.run_id, waiting.run_id))
    assert remove(storage, everything) == (0, 0, 0, 0)
    assert storage.runs.snapshots()["1"].head == head
    assert storage.versions.summaries().keys() == {"1"}
    assert storage.runs.snapshots()["2"].active == waiting


def test_active_runs_are_never_outdated(storage: SqlStorage) -> None:
    """However long they have been waiting or running."""
    first, _ = publish(storage, at=NOW), publish(storage, at=after(DAY))
    running(storage, "1", after(2 * DAY))
    storage.requests.submit(press("2", after(2 * DAY)), retrain)
    assert storage.retention.outdated(1, after(999 * DAY)).runs == (first.run_id,)


def test_a_stores_newest_run_stays_and_with_it_the_stores_state(storage: SqlStorage) -> None:
    """A store that failed long ago has still failed; older failures go."""
    for day in range(3):
        storage.claims.close(running(storage, "1", after(day * DAY)), "failed", f"{day}", after(day * DAY))
    outdated = storage.retention.outdated(1, after(99 * DAY))
    assert len(outdated.runs) == 2
    remove(storage, outdated)
    last = storage.runs.snapshots()["1"].last
    assert last is not None
    assert (last.state, last.error) == (RunState.FAILED, "2")


def test_runs_that_ended_of_late_stay(storage: SqlStorage) -> None:
    """Only those from before the instant go."""
    for day in range(3):
        storage.claims.close(running(storage, "1", after(day * DAY)), "failed", "", after(day * DAY))
    assert len(storage.retention.outdated(1, after(DAY)).runs) == 1


def test_stores_are_counted_apart(storage: SqlStorage) -> None:
    """A busy store doesn't push out a quiet one's versions."""
    quiet = publish(storage, "quiet")
    publish_daily(storage, 5, "busy")
    outdated = storage.retention.outdated(2, after(99 * DAY))
    assert len(outdated.versions) == 3
    assert quiet.version not in outdated.versions


def test_files_stay_as_long_as_they_were_newest_within_the_kept_time(storage: SqlStorage) -> None:
    """At the instant itself 'c' was the newest; 'a' and 'b' were replaced before."""
    imports = import_daily(storage, "a", "b", "c", "d", "e")
    assert names(storage, 2.5 * DAY) == {"c", "d", "e"}
    assert storage.retention.outdated(1, after(2.5 * DAY)).imports == tuple(imports[1::-1])
    assert storage.retention.files(after(2.5 * DAY)) == {FileKey("sales", "1", name) for name in "cde"}


def test_the_head_and_the_file_before_it_stay_for_ever(storage: SqlStorage) -> None:
    """So the last import can be taken back, after years too."""
    imports = import_daily(storage, "a", "b", "c")
    assert names(storage, 999 * DAY) == {"b", "c"}
    remove(storage, storage.retention.outdated(1, after(999 * DAY)))
    storage.manifest.roll_back(imports[-1], "Ana", after(1000 * DAY))
    head = storage.manifest.head("1", "sales")
    assert head is not None
    assert head.content_hash == "b"
    assert "b" in names(storage, 9999 * DAY)


def test_the_past_within_the_kept_time_reads_as_before(storage: SqlStorage) -> None:
    """Which file was the newest at an instant does not change."""
    import_daily(storage, "a", "b", "c", "d", "e")
    instants = [after(2.5 * DAY + hours * 3600) for hours in range(0, 90, 5)]
    before = [storage.manifest.heads("sales", at) for at in instants]
    remove(storage, storage.retention.outdated(1, instants[0]))
    assert [storage.manifest.heads("sales", at) for at in instants] == before


def test_an_import_goes_only_when_all_its_stores_moved_on(storage: SqlStorage) -> None:
    """Else a roll-back could not tell that another import has moved some of them since."""
    both = storage.manifest.record("a.csv", "sales", "Ana", NOW, [move("1", "a"), move("2", "x")])
    import_daily(storage, "b", "c", "d", first_day=1)
    outdated = storage.retention.outdated(1, after(99 * DAY))
    assert both not in outdated.imports
    assert names(storage, 99 * DAY) == {"c", "d", "x"}
    remove(storage, outdated)
    with pytest.raises(ImportConflict, match="store 1"):
        storage.manifest.roll_back(both, "Ana", after(100 * DAY))
    assert storage.manifest.heads("sales")["2"].content_hash == "x"


def test_an_import_and_its_roll_back_go_together(storage: SqlStorage) -> None:
    """Neither holds the other once files have moved on."""
    (wrong,) = import_daily(storage, "a")
    storage.manifest.roll_back(wrong, "Ana", after(1))
    import_daily(storage, "b", "c", "d", first_day=1)
    assert remove(storage, storage.retention.outdated(1, after(99 * DAY)))[-1] == 3
    assert storage.retention.outdated(1, after(99 * DAY)) == OutdatedRecords()
    with pytest.raises(InvalidRequest, match="expected the number of an import"):
        storage.manifest.roll_back(wrong, "Ana", after(100 * DAY))


def test_an_import_stays_as_long_as_a_store_has_its_attributes(storage: SqlStorage) -> None:
    """Also one that brought nothing else; once they were replaced it goes in its time."""

    def describe(day: int, **attributes: str) -> int:
        return storage.manifest.record("s.csv", "sales", "Ana", after(day * DAY), [], {"1": attributes})

    first, second = describe(0, size="a"), describe(1, size="b")
    assert storage.retention.outdated(1, after(0)).imports == ()
    outdated = storage.retention.outdated(1, after(99 * DAY))
    assert outdated.imports == (first,)
    assert remove(storage, outdated)[-1] == 1
    assert storage.manifest.attributes() == {"1": {"size": "b"}}
    assert second not in storage.retention.outdated(1, after(99 * DAY)).imports


def test_removal_leaves_room_for_presses_between_its_steps(open_storage: Open) -> None:
    """Each step is a transaction of its own: a press that waits for nobody gets in after every one."""
    storage, impatient = open_storage(), open_storage()
    versions = publish_daily(storage, 4)
    on_sqlite = impatient.database.engine.dialect.name == "sqlite"
    waits_for_nobody = "PRAGMA busy_timeout=0" if on_sqlite else "SET LOCAL lock_timeout = 1"
    sa.event.listen(
        impatient.database.engine,
        "begin",
        lambda connection: connection.exec_driver_sql(waits_for_nobody),
    )
    for number, version in enumerate(versions[:3]):
        storage.retention.remove_versions([version])
        impatient.requests.submit(press(f"other-{number}", NOW + timedelta(days=9)), retrain)
    assert impatient.runs.backlog() == 3


def test_disk_use_counts_versions_and_the_whole_database(storage: SqlStorage) -> None:
    """More versions, more room."""
    empty = storage.retention.usage()
    publish_daily(storage, 3)
    full = storage.retention.usage()
    assert (empty.count, full.count) == (0, 3)
    assert full.bytes > empty.bytes > 0
