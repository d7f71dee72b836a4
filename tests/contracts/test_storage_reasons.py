"""What every `ports.Versions` promises about a version's reasons and its place in line, on every database."""

from dataclasses import replace

import numpy as np
import pytest

from forecasting.core.domain import VersionHeader
from forecasting.core.errors import InvalidRequest
from forecasting.core.explanation import Cause, Explanation, Origin, StoreReasons
from forecasting.storage import SqlStorage
from tests.storage.examples import after, publication, publish, running

MEAN = np.full(28, 10.0)
WHY = Explanation(Origin.MODEL, {"season": MEAN / 7}).with_level_for(MEAN)
REASONS = StoreReasons(
    {"bread": WHY}, 3, (Cause.SALES, Cause.PLAN), shifts={"bread": {Cause.SALES: MEAN / 3}}
)


def published(storage: SqlStorage, reasons: StoreReasons) -> VersionHeader:
    """A version with reasons."""
    made = replace(publication(), reasons=reasons)
    return storage.publications.publish(running(storage), made, after(9))


def test_reasons_are_published_with_their_version(storage: SqlStorage) -> None:
    """And read of one item or of all."""
    version = published(storage, REASONS).version
    for back in (storage.versions.reasons(version), storage.versions.reasons(version, "bread")):
        assert (back.since, back.causes) == (3, (Cause.SALES, Cause.PLAN))
        np.testing.assert_allclose(back.why["bread"].steps["season"], MEAN / 7, rtol=1e-6)
        np.testing.assert_array_equal(back.shifts["bread"][Cause.SALES], MEAN / 3)
    assert storage.versions.reasons(version, "rolls").why == {}


def test_there_are_none_of_a_version_there_is_not(storage: SqlStorage) -> None:
    """As with its days."""
    with pytest.raises(InvalidRequest, match="expected the number of a published forecast, found 99"):
        storage.versions.reasons(99)


def test_the_versions_of_a_store_stand_in_line(storage: SqlStorage) -> None:
    """Those of others are not among them."""
    mine = [publish(storage, "1", at=after(0)), publish(storage, "1", at=after(60))]
    other = publish(storage, "2", at=after(120))
    mine.append(publish(storage, "1", at=after(180)))
    numbers = [each.version for each in mine]
    assert storage.versions.line("1", 0, 99) == mine
    assert storage.versions.line("1", numbers[1], other.version) == mine[1:2]
    assert storage.versions.before("1", numbers[2]) == numbers[1]
    assert storage.versions.before("1", numbers[0]) is None
    assert storage.versions.before("2", 99) == other.version
    assert storage.versions.line("3", 0, 99) == []
