"""Reads the files of the history: all a worker process needs of it."""

from dataclasses import dataclass, field

import pandas as pd

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import HistoryFile
from forecasting.history import parquet_files
from forecasting.history.addresses import place_at
from forecasting.history.incoming import FRAMES


@dataclass(frozen=True, slots=True)
class ParquetReader:
    """Reads history files; implements `ports.HistoryReader`.

    It holds nothing but an address, and opens the place in whatever process it has come to.

    Attributes
    ----------
    address
        A folder or URL (`addresses.place_at`). Not shown: it may have a password in it.
    """

    address: str = field(repr=False)

    def read(self, file: HistoryFile) -> pd.DataFrame:
        """`schema.SALES` or `schema.PLAN` of one store's file, by item in natural order, then day.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return parquet_files.read(place_at(self.address), file_name(file), FRAMES[file.kind])

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """See `ports.HistoryReader.days`.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return parquet_files.read_days(place_at(self.address), file_name(file), FRAMES[file.kind])


def file_name(file: HistoryFile) -> str:
    """What a file is called in its place."""
    return parquet_files.file_name(file.kind, file.store, file.content_hash)
