from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecasting.core.domain import RefreshRun, RunState, Verdict
from forecasting.core.errors import StorageError
from forecasting.storage import SqlStorage, open_database
from forecasting.storage.rows import row_of
from forecasting.storage.tables import refresh_run
from tests.storage.examples import NOW, after, press, retrain

RIVAL = RefreshRun(
    run_id="rival",
    scope="store:1",
    store="1",
    verdict=Verdict.RETRAIN,
    message="No forecast yet",
    state=RunState.QUEUED,
    requested_by="Ana",
    requested_at=NOW,
    engine="prophet",
)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    """An empty storage."""
    opened = SqlStorage(open_database(tmp_path))
    yield opened
    opened.close()


def insert(connection: sa.Connection, run: RefreshRun) -> None:
    """Insert a run directly, without a request."""
    connection.execute(sa.insert(refresh_run).values(row_of(run)))


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING])
def test_a_second_active_run_of_a_scope_cannot_be_stored(storage: SqlStorage, state: RunState) -> None:
    """The database enforces the rule, even against code that forgets to check."""
    storage.requests.submit(press(), retrain)
    rival = replace(RIVAL, state=state)
    with (
        pytest.raises(StorageError, match=r"UNIQUE.*refresh_run\.scope"),
        storage.database.writing() as connection,
    ):
        insert(connection, rival)
    assert storage.runs.get("rival") is None


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED])
def test_runs_that_have_ended_do_not_hold_their_scope(storage: SqlStorage, state: RunState) -> None:
    """The index covers active runs only."""
    storage.requests.submit(press(), retrain)
    with storage.database.writing() as connection:
        insert(connection, replace(RIVAL, state=state))
    assert storage.runs.get("rival") is not None


def test_a_press_that_loses_the_race_to_the_index_joins_the_winner(storage: SqlStorage) -> None:
    """If a database lets two processes decide at once, the unique index decides between them."""
    rivals = [RIVAL]

    def win(connection: sa.Connection, _name: str) -> None:
        """Let another process record its run between the decision and the insert."""
        if rivals:
            insert(connection, rivals.pop())

    sa.event.listen(storage.database.engine, "savepoint", win)
    answer = storage.requests.submit(press(at=after(3)), retrain)
    assert (answer.verdict, answer.run) == (Verdict.ATTACHED, RIVAL)
    assert answer.message == "Already waiting to run, asked 3 s ago by Ana: this press joined it"
    assert storage.runs.recent(9) == [RIVAL]


def test_a_batch_that_loses_the_race_for_one_store_records_the_others(storage: SqlStorage) -> None:
    """The request for the lost store joins the winner's run; the answers stay in order."""
    rivals = [RIVAL]

    def win(connection: sa.Connection, _name: str) -> None:
        if rivals:
            insert(connection, rivals.pop())

    sa.event.listen(storage.database.engine, "savepoint", win)
    answers = storage.requests.submit_many([press(store, at=after(3)) for store in "213"], retrain)
    assert [answer.verdict for answer in answers] == [Verdict.RETRAIN, Verdict.ATTACHED, Verdict.RETRAIN]
    assert answers[1].run == RIVAL
    assert [storage.runs.get(answer.run.run_id) for answer in answers if answer.run] == [
        answer.run for answer in answers
    ]
    assert storage.runs.backlog() == 3
