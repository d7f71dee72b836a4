"""What every `ports.Storage` promises about publishing and about what readers see, on every database."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pandas as pd
import pytest
import sqlalchemy as sa

from forecasting.core.domain import RefreshRun, RunState, VersionHeader
from forecasting.core.errors import InvalidFrame, InvalidRequest, LeaseLost, StorageError
from forecasting.storage import SqlStorage
from tests.children import Child, release
from tests.storage.child import die_publishing
from tests.storage.examples import (
    CUTOFF,
    ITEMS,
    NOW,
    after,
    claim,
    forecast,
    move,
    predictor,
    press,
    publication,
    publish,
    retrain,
    running,
)

Open = Callable[[], SqlStorage]


def test_publishing_ends_the_run_with_its_version(storage: SqlStorage) -> None:
    """The run has succeeded, is done whole, and names the version."""
    run = running(storage)
    storage.claims.progress(run, "forecast", 2, 3)
    header = storage.publications.publish(run, publication(), after(9))
    ended = storage.runs.get(run.run_id)
    assert ended is not None
    assert (ended.state, ended.version, ended.finished_at) == (RunState.SUCCEEDED, header.version, after(9))
    assert (ended.done, ended.total, ended.error) == (3, 3, "")


def test_what_is_published_can_be_read(open_storage: Open) -> None:
    """Header, days, summaries and predictor come back equal, over another connection too."""
    header = open_storage().publications.publish(running(open_storage()), publication(level=7.5), after(9))
    reader = open_storage().versions
    assert header == VersionHeader(
        version=header.version,
        store="1",
        predictor_id="p-1",
        run_id=press().run_id,
        asked_engine="prophet",
        cutoff=CUTOFF,
        horizon=28,
        input_hash="inputs-7.5",
        trained_at=NOW,
        published_at=after(9),
        assumptions=publication().assumptions,
    )
    assert reader.header(header.version) == header
    pd.testing.assert_frame_equal(reader.read(header.version), forecast(7.5))
    assert reader.summaries() == {"1": publication(level=7.5).summaries}
    assert reader.predictor("p-1") == predictor()


def test_a_roll_forward_keeps_the_age_of_its_predictor(storage: SqlStorage) -> None:
    """The second version belongs to the stored predictor, whatever came along with it."""
    publish(storage)
    later = publication(trained=predictor(trained_at=after(500)))
    header = storage.publications.publish(running(storage, at=after(1)), later, after(2))
    assert header.trained_at == NOW
    assert storage.versions.predictor("p-1") == predictor()


def test_a_new_predictor_is_stored_beside_the_old_one(storage: SqlStorage) -> None:
    """Each version leads to its own."""
    first = publish(storage)
    retrained = predictor("p-2", after(60))
    second = storage.publications.publish(
        running(storage, at=after(61)), publication(trained=retrained), after(62)
    )
    assert storage.versions.header(first.version).trained_at == NOW
    assert second.trained_at == after(60)
    assert storage.versions.predictor("p-2") == retrained


def test_a_version_never_changes(storage: SqlStorage) -> None:
    """Publishing again makes a higher number; the old one reads as before, only the head moves on."""
    first = publish(storage, level=1)
    second = publish(storage, level=2, at=after(1))
    assert second.version > first.version
    assert storage.versions.read(first.version)["mean"].unique().tolist() == [1.0]
    assert storage.versions.header(first.version) == first
    assert storage.versions.summaries() == {"1": publication(level=2).summaries}
    assert storage.runs.snapshots()["1"].head == second


def test_summaries_can_be_asked_for_some_stores(storage: SqlStorage) -> None:
    """In the order they were published in; a store without a forecast is left out."""
    for number, store in enumerate("123"):
        publish(storage, store, at=after(number))
    found = storage.versions.summaries(["1", "3", "9"])
    assert found.keys() == {"1", "3"}
    assert tuple(summary.item for summary in found["3"]) == ITEMS
    assert storage.versions.summaries([]) == {}


def test_the_predictors_of_the_heads_come_in_one_query(storage: SqlStorage) -> None:
    """By store, of the newest version each; a store without a forecast is left out."""
    publish(storage, "1")
    publish(storage, "2", at=after(1))
    retrained = predictor("p-2", after(60))
    storage.publications.publish(
        running(storage, "2", after(61)), publication("2", trained=retrained), after(62)
    )
    running(storage, "3", after(99))
    queries: list[str] = []
    sa.event.listen(
        storage.database.engine, "after_cursor_execute", lambda *arguments: queries.append(arguments[2])
    )
    assert storage.versions.head_predictors() == {"1": predictor(), "2": retrained}
    assert sum(query.startswith("SELECT") for query in queries) == 1
    assert storage.versions.head_predictors(["2", "3", "9"]) == {"2": retrained}
    assert storage.versions.head_predictors([]) == {}


def test_the_headers_of_a_store_come_newest_first(storage: SqlStorage) -> None:
    """No more than asked for, and no other store's."""
    versions = [publish(storage, "1", at=after(number)) for number in range(3)]
    publish(storage, "2", at=after(9))
    assert storage.versions.headers("1", 9) == versions[::-1]
    assert storage.versions.headers("1", 2) == versions[:0:-1]
    assert storage.versions.headers("3", 9) == []


def test_an_unknown_version_is_an_invalid_request(storage: SqlStorage) -> None:
    """A link may be old or made up."""
    for ask in (storage.versions.read, storage.versions.header):
        with pytest.raises(InvalidRequest, match="expected the number of a published forecast, found 77"):
            ask(77)
    with pytest.raises(InvalidRequest, match="found 'p-77'"):
        storage.versions.predictor("p-77")


def test_a_broken_forecast_is_refused_before_anything_is_written(storage: SqlStorage) -> None:
    """The run stays with its worker."""
    run = running(storage)
    broken = replace(publication(), forecast=forecast().drop(columns="q90"))
    with pytest.raises(InvalidFrame, match="q90"):
        storage.publications.publish(run, broken, after(1))
    assert_nothing_published(storage, run)


def test_a_number_that_is_none_is_refused(storage: SqlStorage) -> None:
    """What JSON can't hold is not stored as something else; the run stays with its worker."""
    run = running(storage)
    summary = replace(publication().summaries[0], sparkline=(1.0, float("nan")))
    with pytest.raises(StorageError, match="not JSON compliant"):
        storage.publications.publish(run, replace(publication(), summaries=(summary,)), after(1))
    assert_nothing_published(storage, run)


def test_a_stale_worker_publishes_nothing(storage: SqlStorage) -> None:
    """The lease went to another worker: no version, no predictor, no summaries, no head; that one goes on."""
    stale = running(storage)
    held = claim(storage, "worker-2", after(31), after(61))
    assert held is not None
    with pytest.raises(LeaseLost):
        storage.publications.publish(stale, publication(), after(32))
    assert_nothing_published(storage, held)
    assert storage.publications.publish(held, publication(), after(33)).version == 1


@pytest.mark.parametrize("table", ["predictor", "forecast_version", "forecast_summary", "forecast_head"])
def test_a_fault_while_publishing_leaves_the_old_head(storage: SqlStorage, table: str) -> None:
    """Wherever it happens, readers keep the last good forecast, and the run can be published after all."""
    old = publish(storage, level=1)
    run = running(storage, at=after(1))
    new = publication(level=2, trained=predictor("p-2"))

    def fail(*arguments: object) -> None:
        if str(arguments[2]).startswith((f"INSERT INTO {table} ", f"UPDATE {table} ")):
            raise ConnectionAbortedError

    sa.event.listen(storage.database.engine, "before_cursor_execute", fail)
    with pytest.raises(ConnectionAbortedError):
        storage.publications.publish(run, new, after(2))
    sa.event.remove(storage.database.engine, "before_cursor_execute", fail)
    assert storage.runs.snapshots()["1"].head == old
    assert storage.versions.summaries() == {"1": publication(level=1).summaries}
    assert storage.runs.get(run.run_id) == run
    with pytest.raises(InvalidRequest):
        storage.versions.predictor("p-2")
    assert storage.publications.publish(run, new, after(3)).version > old.version


def test_a_worker_killed_while_publishing_leaves_nothing(storage: SqlStorage) -> None:
    """A real process, killed between the version and the head; a survivor takes the run over."""
    assert release([Child(die_publishing, storage.database.place)]) == [None]
    run = storage.runs.get(press().run_id)
    assert run is not None
    assert_nothing_published(storage, run)
    survivor = claim(storage, "worker-2", after(31), after(61))
    assert survivor is not None
    published = storage.publications.publish(survivor, publication(), after(32))
    assert storage.runs.snapshots()["1"].head == published


def test_readers_during_fifty_publications_see_one_version_at_a_time(open_storage: Open) -> None:
    """Whenever they look, header, days and summaries each tell one level, and levels only rise."""
    writer, reader = open_storage(), open_storage()
    publish(writer, level=0)
    looking, finished = threading.Barrier(3), threading.Event()

    def look() -> list[float]:
        head = reader.runs.snapshots()["1"].head
        assert head is not None
        (in_days,) = set(reader.versions.read(head.version)["mean"])
        (in_summaries,) = {summary.next7 for summary in reader.versions.summaries()["1"]}
        assert head.input_hash == f"inputs-{in_days:g}"
        return [in_days, in_summaries]

    def watch() -> list[float]:
        seen = look()
        looking.wait(30)
        while not finished.is_set():
            seen += look()
        return seen + look()

    with ThreadPoolExecutor(2) as pool:
        watching = [pool.submit(watch) for _ in range(2)]
        looking.wait(30)
        for number in range(1, 51):
            publish(writer, level=number, at=after(number))
        finished.set()
        for seen in (watcher.result(30) for watcher in watching):
            assert (seen[0], seen[-1]) == (0, 50)
            assert seen == sorted(seen)


def test_a_snapshot_tells_all_about_a_store(storage: SqlStorage) -> None:
    """Its sales and plan, its head, the run that is active and the last that ended."""
    storage.manifest.record("a.csv", "sales", "me", NOW, [move("1", "sales-1")])
    storage.manifest.record("b.csv", "plan", "me", NOW, [move("1", "plan-1", kind="plan")])
    header = publish(storage, "1")
    active = running(storage, "1", after(5))
    snapshot = storage.runs.snapshots()["1"]
    assert (snapshot.store, snapshot.region, snapshot.plan_hash) == ("1", "North", "plan-1")
    assert (snapshot.sales, snapshot.head) == (move("1", "sales-1").file, header)
    assert snapshot.active == active
    assert snapshot.last == storage.runs.get(header.run_id)


def test_stores_are_in_the_snapshots_if_they_have_sales_or_runs(storage: SqlStorage) -> None:
    """A plan alone makes no store; unknown ones are left out."""
    storage.manifest.record("a.csv", "sales", "me", NOW, [move("sold")])
    storage.manifest.record("b.csv", "plan", "me", NOW, [move("planned", kind="plan")])
    storage.requests.submit(press("asked"), retrain)
    publish_for = claim(storage, "worker-1", NOW, after(30))
    assert publish_for is not None
    storage.claims.close(publish_for, "failed", "no sales", after(1))
    assert storage.runs.snapshots().keys() == {"sold", "asked"}
    assert storage.runs.snapshots(["asked", "planned", "unknown"]).keys() == {"asked"}
    assert storage.runs.snapshots([]) == {}


def test_the_last_run_is_the_one_that_ended_last(storage: SqlStorage) -> None:
    """Whether it failed or succeeded, in whatever order runs were asked for, for each store its own."""
    first = storage.requests.submit(press("1", scope="a", run_id="z"), retrain).run
    second = storage.requests.submit(press("1", after(1), scope="b", run_id="a"), retrain).run
    running_first, running_second = (claim(storage, "worker-1", after(2), after(32)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert running_first is not None
    assert running_second is not None
    storage.claims.close(running_second, "failed", "b", after(3))
    storage.claims.close(running_first, "failed", "a", after(4))
    publish(storage, "2", at=after(9))
    last = {store: snapshot.last for store, snapshot in storage.runs.snapshots().items()}
    assert last == {"1": storage.runs.get("z"), "2": storage.runs.get(press("2", after(9)).run_id)}


def test_a_run_that_has_not_ended_is_not_the_last(storage: SqlStorage) -> None:
    """Neither while it waits nor while it runs."""
    storage.requests.submit(press("1"), retrain)
    running(storage, "2", after(-1))
    assert [snapshot.last for snapshot in storage.runs.snapshots().values()] == [None, None]


def test_the_number_of_queries_does_not_grow_with_the_stores(storage: SqlStorage) -> None:
    """A list of 12 stores costs as many as one of 2, for snapshots and for summaries."""
    queries: list[str] = []
    sa.event.listen(
        storage.database.engine, "after_cursor_execute", lambda *arguments: queries.append(arguments[2])
    )

    def count(stores: list[str] | None) -> int:
        queries.clear()
        storage.runs.snapshots(stores)
        storage.versions.summaries(stores)
        return sum(query.startswith("SELECT") for query in queries)

    names = [str(number) for number in range(12)]
    storage.manifest.record("a.csv", "sales", "me", NOW, [move(store) for store in names])
    publish(storage, "0")
    publish(storage, "1")
    few = count(None)
    for number, store in enumerate(names):
        publish(storage, store, at=after(1 + number))
    running(storage, "5", after(99))
    assert count(None) == count(names) == count(["3"]) == few == 6


def assert_nothing_published(storage: SqlStorage, run: RefreshRun) -> None:
    """No head, no version, no summaries and no predictor, and the run is held as before."""
    assert storage.runs.snapshots()["1"].head is None
    assert storage.versions.summaries() == {}
    assert storage.runs.get(run.run_id) == run
    for ask in (lambda: storage.versions.header(1), lambda: storage.versions.predictor("p-1")):
        with pytest.raises(InvalidRequest):
            ask()
