"""What every `ports.TrackRecord` promises, on every database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from forecasting.core.domain import Actual, SeriesDay, StoreDay, TrackRow, VersionHeader
from forecasting.core.error_sums import ErrorSums
from forecasting.core.ports import TrackUpdate
from forecasting.core.schema import TRACK
from forecasting.storage import SqlStorage
from tests.storage.examples import CUTOFF, NOW, after, move, publication, publish, running

Open = Callable[[], SqlStorage]
DAY = timedelta(days=1)
TOMORROW = CUTOFF + DAY


def row(item: str = "all", ds: date = TOMORROW, lead: int = 1, **changes: object) -> TrackRow:
    """A day that was forecast as 10 ± 2, and sold 11."""
    made = TrackRow(item, ds, lead, 7, "prophet", CUTOFF, 11.0, 10.5, 8.0, 10.0, 12.0, is_open=True)
    return made._replace(**changes)


def deliver(storage: SqlStorage, content: str = "a", previous: str | None = None, store: str = "1") -> None:
    """Give a store sales of that content."""
    storage.manifest.record("sales.csv", "sales", "Ana", NOW, [move(store, content, previous)])


def record(storage: SqlStorage, *rows: TrackRow, store: str = "1") -> None:
    """Record rows of a store whose sales are 'a'."""
    if storage.manifest.head(store, "sales") is None:
        deliver(storage, store=store)
    assert storage.track.record(store, TrackUpdate("a", rows))


def rows_of(storage: SqlStorage, store: str = "1") -> list[TrackRow]:
    """All rows of a store, in their order."""
    frame = storage.track.read([store])
    values = frame.assign(ds=frame["ds"].dt.date, cutoff=frame["cutoff"].dt.date).drop(columns="store")
    return [TrackRow(*each) for each in values.itertuples(index=False, name=None)]


def publish_at(storage: SqlStorage, cutoff: date, horizon: int, at: float) -> VersionHeader:
    """Publish a version of store 1 with a cutoff and horizon."""
    made = replace(publication(), cutoff=cutoff, horizon=horizon)
    return storage.publications.publish(running(storage, at=after(at)), made, after(at))


def test_an_empty_record_is_empty(storage: SqlStorage) -> None:
    """With columns and dtypes all the same."""
    frame = storage.track.read(["1"])
    assert (list(frame.columns), len(frame)) == (list(TRACK), 0)
    assert (frame["ds"].dtype, frame["y"].dtype, frame["is_open"].dtype) == (
        "datetime64[us]",
        "float64",
        "bool",
    )
    assert storage.track.sums(None) == {}
    assert storage.track.sums_by_store(None) == {}
    assert storage.track.recorded("1") == {}
    assert storage.track.pending() == []
    assert storage.retention.outdated_track(DAY) == ()


def test_the_days_of_a_series_are_read_by_lead(storage: SqlStorage) -> None:
    """Of that store, item and lead alone, from a day on, in order."""
    wanted = [row(ds=TOMORROW + DAY), row(ds=TOMORROW + 2 * DAY, is_open=False)]
    others = [row(), row(ds=TOMORROW + DAY, lead=7), row("bread", ds=TOMORROW + DAY)]
    record(storage, *reversed(wanted), *others)
    record(storage, row(ds=TOMORROW + 3 * DAY), store="2")
    assert storage.track.rows("1", "all", 1, TOMORROW + DAY) == wanted
    assert storage.track.rows("3", "all", 1, TOMORROW) == []


def test_what_is_recorded_is_read(storage: SqlStorage) -> None:
    """All fields, to the last digit, by item, day and lead."""
    rows = [
        row("bread", y=0.1 + 0.2, engine="empirisch – täglich"),
        row("all", lead=7, version=3, cutoff=CUTOFF - 6 * DAY),
        row("all", ds=TOMORROW + DAY),
        row("all", is_open=False, y=0.0),
    ]
    record(storage, *rows)
    assert rows_of(storage) == [rows[3], rows[1], rows[2], rows[0]]
    assert storage.track.read(["1"])["store"].tolist() == ["1"] * 4


def test_reading_is_of_the_stores_item_and_days_asked_for(storage: SqlStorage) -> None:
    """The first day is one of them."""
    record(storage, row(), row("bread"), row(ds=TOMORROW + DAY))
    record(storage, row(), store="2")
    assert len(storage.track.read(["1"])) == 3
    assert len(storage.track.read(["1", "2"])) == 4
    assert storage.track.read(["1"], item="bread")["item"].tolist() == ["bread"]
    assert storage.track.read(["1"], since=TOMORROW + DAY)["ds"].dt.date.tolist() == [TOMORROW + DAY]


def test_recording_again_replaces(storage: SqlStorage) -> None:
    """One row for a day of a series and lead; the others stay."""
    record(storage, row(), row(lead=7))
    record(storage, row(version=9, q50=9.0))
    assert rows_of(storage) == [row(version=9, q50=9.0), row(lead=7)]


def test_corrections_change_every_lead_and_nothing_of_what_was_said(storage: SqlStorage) -> None:
    """Of that day and series alone."""
    record(storage, row(), row(lead=7), row("bread"), row(ds=TOMORROW + DAY))
    corrected = {SeriesDay("all", TOMORROW): Actual(0.0, is_open=False)}
    assert storage.track.record("1", TrackUpdate("a", corrected=corrected))
    assert rows_of(storage) == [
        row(y=0.0, is_open=False), row(lead=7, y=0.0, is_open=False), row(ds=TOMORROW + DAY), row("bread"),
    ]  # fmt: skip
    assert storage.track.recorded("1")[SeriesDay("all", TOMORROW)] == Actual(0.0, is_open=False)


def test_days_that_are_gone_go_with_every_lead(storage: SqlStorage) -> None:
    """Other days, series and stores stay."""
    record(storage, row(), row(lead=7), row("bread"), row(ds=TOMORROW + DAY))
    record(storage, row(), store="2")
    assert storage.track.record("1", TrackUpdate("a", gone=[SeriesDay("all", TOMORROW)]))
    assert rows_of(storage) == [row(ds=TOMORROW + DAY), row("bread")]
    assert rows_of(storage, "2") == [row()]


def test_recorded_days_are_told_once_whatever_their_leads(storage: SqlStorage) -> None:
    """With what they sold."""
    record(storage, row(), row(lead=7), row("bread", y=3.0))
    assert storage.track.recorded("1") == {
        SeriesDay("all", TOMORROW): Actual(11.0, is_open=True),
        SeriesDay("bread", TOMORROW): Actual(3.0, is_open=True),
    }
    assert storage.track.recorded("2") == {}


def test_a_store_is_pending_once_it_has_a_forecast_and_other_sales(storage: SqlStorage) -> None:
    """Not before its first forecast, not after its sales were scored, again after new ones."""
    deliver(storage)
    deliver(storage, store="2")
    assert storage.track.pending() == []
    publish(storage)
    assert storage.track.pending() == ["1"]
    assert storage.track.pending(["2"]) == []
    assert storage.track.record("1", TrackUpdate("a"))
    assert storage.track.pending() == []
    deliver(storage, "b", "a")
    assert storage.track.pending() == storage.track.pending(["1", "2"]) == ["1"]


def test_a_store_is_pending_after_a_roll_back(storage: SqlStorage) -> None:
    """Its sales are others again."""
    publish(storage)
    deliver(storage)
    second = storage.manifest.record("b.csv", "sales", "Ana", NOW, [move("1", "b", "a")])
    assert storage.track.record("1", TrackUpdate("b"))
    storage.manifest.roll_back(second, "Ana", NOW)
    assert storage.track.pending() == ["1"]


def test_a_plan_makes_nothing_pending(storage: SqlStorage) -> None:
    """Nothing has been sold."""
    publish(storage)
    storage.manifest.record("plan.csv", "plan", "Ana", NOW, [move("1", "p", kind="plan")])
    assert storage.track.pending() == []


def test_what_is_made_of_sales_that_moved_on_is_refused_whole(open_storage: Open) -> None:
    """Another process imported meanwhile: nothing is recorded, and the store stays pending."""
    slow, quick = open_storage(), open_storage()
    publish(slow)
    deliver(slow)
    deliver(quick, "b", "a")
    assert quick.track.record("1", TrackUpdate("b", [row(y=12.0)]))
    gone = [SeriesDay("all", TOMORROW)]
    assert not slow.track.record("1", TrackUpdate("a", [row("bread")], gone=gone))
    assert rows_of(slow) == [row(y=12.0)]
    assert slow.track.pending() == []
    assert not slow.track.record("9", TrackUpdate("a", [row()]))
    assert rows_of(slow, "9") == []


def test_candidates_are_the_versions_that_forecast_one_of_the_days(storage: SqlStorage) -> None:
    """Those that had seen all of them, or did not reach them, are none; other stores' are none."""
    early = publish_at(storage, CUTOFF - 20 * DAY, 14, 0)
    old = publish_at(storage, CUTOFF - 10 * DAY, 14, 1)
    new = publish_at(storage, CUTOFF, 28, 2)
    publish(storage, "2", at=after(3))

    def found(first: int, last: int) -> list[VersionHeader]:
        return storage.track.candidates("1", CUTOFF + first * DAY, CUTOFF + last * DAY)

    assert found(1, 1) == [old, new]
    assert found(5, 5) == [new]
    assert found(29, 40) == []
    assert found(-30, 0) == [early, old]
    assert found(-6, -6) == [early, old]
    assert storage.track.candidates("1", date.min, CUTOFF) == [early, old]


def test_sums_are_those_of_the_rows(storage: SqlStorage) -> None:
    """Each figure as its definition has it, on open days, whatever side of the band they fall."""
    rng = np.random.default_rng(5)
    rows = []
    for day in range(60):
        q10, q50, q90 = (float(each) for each in np.sort(rng.uniform(0, 20, 3)))
        y = float(rng.choice([0.0, q10, q90, rng.uniform(0, 25)]))
        open_on = day % 7 != 0
        rows.append(
            row(ds=CUTOFF + day * DAY, y=y, mean=q50 + 0.5, q10=q10, q50=q50, q90=q90, is_open=open_on)
        )
    record(storage, *rows, row("bread"), row(ds=CUTOFF - DAY))
    expected = ErrorSums.total(map(errors_of, (each for each in rows if each.is_open)))
    (found,) = storage.track.sums(["1"], since=CUTOFF).values()
    assert found == ErrorSums(
        expected.days, *map(pytest.approx, (expected.sold, expected.missed, expected.over, expected.loss)),
        expected.inside, 0.0, 0, pytest.approx(expected.squared), expected.squared_days,
    )  # fmt: skip
    assert 0 < expected.inside < expected.days
    assert 0 < expected.squared_days < expected.days
    assert found.mase is None


def errors_of(each: TrackRow) -> ErrorSums:
    """One day's errors, by the definitions in `ErrorSums`."""
    levels = {0.1: each.q10, 0.5: each.q50, 0.9: each.q90}
    losses = [2 * max(tau * (each.y - q), (tau - 1) * (each.y - q)) for tau, q in levels.items()]
    sold = each.y > 0
    return ErrorSums(
        days=1,
        sold=each.y,
        missed=abs(each.y - each.q50),
        over=each.mean - each.y,
        loss=sum(losses) / len(losses),
        inside=int(each.q10 <= each.y <= each.q90),
        squared=((each.y - each.q50) / each.y) ** 2 if sold else 0.0,
        squared_days=int(sold),
    )


def test_sums_are_by_lead_over_the_stores_asked_for(storage: SqlStorage) -> None:
    """Pooled, or each store for itself; a store is asked for by name or with all that have sales."""
    record(storage, row(y=11.0), row(lead=7, y=11.0), row("bread", y=4.0))
    record(storage, row(y=20.0), store="2")
    record(storage, row(y=0.0, is_open=False), store="3")

    def sold(stores: list[str] | None, item: str = "all") -> dict[int, float]:
        return {lead: sums.sold for lead, sums in storage.track.sums(stores, item=item).items()}

    assert sold(None) == sold(["1", "2", "3"]) == {1: 31.0, 7: 11.0}
    assert sold(["2"]) == {1: 20.0}
    assert sold(["1"], "bread") == {1: 4.0}
    assert sold(["3"]) == sold([]) == {}
    by_store = storage.track.sums_by_store(None)
    assert {store: list(leads) for store, leads in by_store.items()} == {"1": [1, 7], "2": [1]}
    assert ErrorSums.total(leads[1] for leads in by_store.values()) == storage.track.sums(None)[1]


def test_the_record_outlives_its_version(storage: SqlStorage) -> None:
    """It names a version that has been pruned, and can still be corrected."""
    old, _ = publish(storage, at=after(0)), publish(storage, at=after(1))
    record(storage, row(version=old.version))
    assert storage.retention.remove_versions([old.version]) == 1
    assert rows_of(storage) == [row(version=old.version)]
    corrected = {SeriesDay("all", TOMORROW): Actual(1.0, is_open=True)}
    assert storage.track.record("1", TrackUpdate("a", corrected=corrected))
    assert rows_of(storage) == [row(version=old.version, y=1.0)]


def test_days_go_once_they_lie_far_enough_before_the_newest_day(storage: SqlStorage) -> None:
    """Of every store, counted on the business date; each day of a store is one that went."""
    record(storage, *(row(ds=CUTOFF + day * DAY, lead=lead) for day in range(5) for lead in (1, 7)))
    record(storage, row(ds=CUTOFF), row("bread", ds=CUTOFF), store="2")
    outdated = storage.retention.outdated_track(3 * DAY)
    assert outdated == (StoreDay("1", CUTOFF), StoreDay("2", CUTOFF))
    assert storage.retention.remove_track(outdated) == 2
    assert storage.retention.remove_track(outdated) == 0
    assert storage.retention.outdated_track(3 * DAY) == ()
    assert {each.ds for each in rows_of(storage)} == {CUTOFF + day * DAY for day in range(1, 5)}
    assert rows_of(storage, "2") == []
