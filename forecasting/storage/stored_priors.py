"""Chain priors: written once, in the transaction that ends their run, and read by every training."""

import sqlalchemy as sa

from forecasting.core.errors import InvalidRequest
from forecasting.core.pooled_priors import ChainPriors
from forecasting.storage.database import Database
from forecasting.storage.documents import read_chain, write_chain
from forecasting.storage.tables import chain

NEWEST_FIRST = (chain.c.computed_at.desc(), chain.c.chain_id.desc())
"""The order of chain priors; the first row is the latest."""


class SqlChains:
    """Reads chains (`ports.Chains`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self) -> ChainPriors | None:
        """See `ports.Chains.latest`."""
        with self._database.reading() as connection:
            return read_latest(connection)

    def get(self, chain_id: str) -> ChainPriors:
        """See `ports.Chains.get`."""
        query = sa.select(chain.c.document).where(chain.c.chain_id == chain_id)
        with self._database.reading() as connection:
            document = connection.execute(query).scalar_one_or_none()
        if document is None:
            raise InvalidRequest(f"expected the id of a stored chain, found '{chain_id}'")
        return read_chain(document)


def read_latest(connection: sa.Connection) -> ChainPriors | None:
    """The chain computed last, or None."""
    document = connection.execute(sa.select(chain.c.document).order_by(*NEWEST_FIRST).limit(1)).scalar()
    return None if document is None else read_chain(document)


def insert_chain(connection: sa.Connection, computed: ChainPriors) -> None:
    """Insert a chain."""
    connection.execute(
        sa.insert(chain).values(
            chain_id=computed.chain_id,
            computed_at=computed.computed_at,
            engine=computed.engine,
            cutoff=computed.cutoff,
            horizon=computed.horizon,
            input_hash=computed.input_hash,
            stores=computed.stores,
            document=write_chain(computed),
        )
    )
