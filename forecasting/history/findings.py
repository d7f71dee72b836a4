"""Collects what is wrong with a file, so that one refusal lists everything."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forecasting.core.errors import InvalidFile, Problem

LISTED = 50
"""Problems spelled out in one refusal; the others are only counted."""

_HELD = 20 * LISTED
"""Problems held at a time, however long the file."""

_LONGEST = 60


def quoted(text: str) -> str:
    """A value of a file as it is shown in an error: in quotes, cut where it is long."""
    if not text:
        return "nothing"
    return f"'{text}'" if len(text) <= _LONGEST else f"'{text[:_LONGEST]}…'"


class Findings:
    """The problems of one file while it is being read.

    Parameters
    ----------
    file
        Name of the file, without its folder.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._problems: list[Problem] = []
        self._total = 0

    def __bool__(self) -> bool:
        return self._total > 0

    def add(self, expected: str, found: str, *, row: int | None = None, column: str | None = None) -> None:
        """Add one problem."""
        self._total += 1
        self._list(Problem(self.file, row, column, expected, found))

    def add_rows(
        self,
        bad: NDArray[np.bool_],
        rows: NDArray[np.int64],
        expected: str,
        found: Callable[[int], str],
        column: str | None = None,
    ) -> None:
        """Add one problem for every record marked in `bad`.

        Parameters
        ----------
        bad
            One flag per record.
        rows
            Row number of each record in the file, ascending.
        found
            What was found, by the record's position; asked only for those that will be listed.
        """
        positions = np.flatnonzero(bad)
        self._total += len(positions)
        for at in positions[:LISTED].tolist():
            self._list(Problem(self.file, int(rows[at]), column, expected, found(at)))

    def raise_if_any(self) -> None:
        """Refuse the file if anything was found.

        Raises
        ------
        InvalidFile
            The first `LISTED` problems by row (those of the whole file before) and how many there are.
        """
        if self:
            self._keep_first()
            raise InvalidFile(self._problems, self._total)

    def _list(self, problem: Problem) -> None:
        self._problems.append(problem)
        if len(self._problems) > _HELD:
            self._keep_first()

    def _keep_first(self) -> None:
        self._problems = sorted(self._problems, key=lambda problem: problem.row or 0)[:LISTED]
