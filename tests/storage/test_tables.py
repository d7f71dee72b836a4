from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from forecasting.storage.tables import Instant

INSTANT = datetime(2026, 3, 2, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))


def test_instants_are_stored_as_utc_and_come_back_aware() -> None:
    """The same instant comes back, to the microsecond, in UTC; on disk it has no zone."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        stored = connection.execute(sa.select(sa.literal(INSTANT, Instant).label("at"))).scalar_one()
        text = connection.execute(sa.select(sa.cast(sa.literal(INSTANT, Instant), sa.String))).scalar_one()
    assert stored == INSTANT
    assert stored.utcoffset() == timedelta(0)
    assert text == "2026-03-01 23:30:00.123456"


def test_an_instant_without_a_zone_is_refused() -> None:
    """A naive datetime could mean any hour, so it is not stored."""
    engine = sa.create_engine("sqlite://")
    naive = INSTANT.replace(tzinfo=None)
    with (
        engine.connect() as connection,
        pytest.raises(sa.exc.StatementError, match="expected an aware datetime"),
    ):
        connection.execute(sa.select(sa.literal(naive, Instant)))
