"""Counts in sentences about runs."""

from datetime import timedelta

import pytest

from forecasting.core.domain import BatchProgress, RefreshAnswer, Verdict
from web.shared import run_sentences


def answers(started: int, current: int) -> list[RefreshAnswer]:
    """Answers for so many stores that are refreshed, and so many that are up to date."""
    begun = [RefreshAnswer(Verdict.RETRAIN, "") for _ in range(started)]
    return begun + [RefreshAnswer(Verdict.FRESH, "") for _ in range(current)]


@pytest.mark.parametrize(
    ("started", "current", "words"),
    [
        (1, 0, "1 store is being refreshed"),
        (2, 1, "2 stores are being refreshed, 1 was up to date"),
        (1200, 35, "1,200 stores are being refreshed, 35 were up to date"),
        (0, 2, "2 stores were up to date"),
        (0, 1, "1 store was up to date"),
    ],
)
def test_the_answer_for_many_stores_counts_them(started: int, current: int, words: str) -> None:
    """One store is, several are."""
    assert run_sentences.refresh_answer(answers(started, current)) == words


@pytest.mark.parametrize(("total", "words"), [(1, "0 of 1 store"), (35, "0 of 35 stores")])
def test_a_batch_counts_its_stores(total: int, words: str) -> None:
    """Also a batch of a single store."""
    batch = BatchProgress("b", "Pia", 0, 0, total, remaining=timedelta(seconds=20))
    assert run_sentences.batch_progress(batch).startswith(
        f"Refreshing: {words}, about 20 s left, requested by Pia"
    )
