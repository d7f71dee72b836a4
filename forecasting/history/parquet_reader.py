"""Read the files of the history. This is all that a worker process needs of it."""

from dataclasses import dataclass, field

import pandas as pd

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import HistoryFile
from forecasting.history import parquet_files
from forecasting.history.addresses import open_folder
from forecasting.history.incoming_file import FRAME_COLUMNS


@dataclass(frozen=True, slots=True)
class ParquetReader:
    """Reads history files; implements `ports.HistoryReader`.

    It holds only an address. Sent to another process, it opens the folder there.

    Attributes
    ----------
    address
        A path or URL for `addresses.open_folder`. Hidden in `repr`, because it may contain a password.
    """

    address: str = field(repr=False)

    def read(self, file: HistoryFile) -> pd.DataFrame:
        """Read one store's file as `schema.SALES` or `schema.PLAN`, by item in natural order, then day.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return parquet_files.read_frame(open_folder(self.address), file_name(file), FRAME_COLUMNS[file.kind])

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """See `ports.HistoryReader.days`.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return parquet_files.read_days(open_folder(self.address), file_name(file), FRAME_COLUMNS[file.kind])


def file_name(file: HistoryFile) -> str:
    """Return a file's path below the root of its folder."""
    return parquet_files.file_name(file.kind, file.store, file.content_hash)
