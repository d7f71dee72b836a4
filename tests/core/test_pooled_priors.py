from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from forecasting.core.pooled_priors import ChainPriors, CoefficientPrior, PooledPrior, PooledSpread

START = date(2019, 1, 1)

days = st.integers(0, 20).map(lambda after: START + timedelta(days=after))
keys = st.lists(st.tuples(st.sampled_from(["all", "101", "102"]), days), max_size=10)


def chain(known: list[tuple[str, date]]) -> ChainPriors:
    """A chain with a prior and a spread for each product and cutoff."""
    return ChainPriors(
        chain_id="1",
        computed_at=datetime(2019, 2, 1, tzinfo=UTC),
        engine="prophet",
        cutoff=START + timedelta(days=20),
        horizon=28,
        input_hash="",
        stores=8,
        priors=tuple(PooledPrior(item, at, 8, {"promo": CoefficientPrior(0.1, 0.1)}) for item, at in known),
        spreads=tuple(PooledSpread(item, at, 8, (1.1,)) for item, at in known),
    )


@given(keys, st.sampled_from(["all", "101", "102"]), days)
def test_the_newest_prior_known_on_a_day_is_returned(
    known: list[tuple[str, date]], item: str, at: date
) -> None:
    """Never one with a later cutoff or of another product; None if there is none yet."""
    cutoffs = [cutoff for name, cutoff in known if name == item and cutoff <= at]
    for found in (chain(known).prior(item, at), chain(known).spread(item, at)):
        if found is None:
            assert cutoffs == []
        else:
            assert (found.item, found.cutoff) == (item, max(cutoffs))
