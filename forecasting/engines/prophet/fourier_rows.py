"""Fourier columns of days, cached in blocks of days that all series share."""

from functools import lru_cache

import numpy as np

from forecasting.core.day_arrays import FloatArray, IntArray

BLOCK = 2048
"""Days of one block: five and a half years."""

BLOCKS_KEPT = 16
"""Blocks cached in each process: at most 5 MB with the longest rows of the daily model."""


def fourier(days: IntArray, period: float, order: int) -> FloatArray:
    """(n, 2·order) columns ``sin(2πit/period), cos(2πit/period)`` for i = 1 … order.

    Taylor & Letham 2018, "Forecasting at scale", section 3.2; phase and column order are those of
    `Prophet.fourier_series`, bit for bit.

    Parameters
    ----------
    days
        (n,) days since 1970-01-01, in any order.
    period
        In days.
    order
        Number of harmonics.
    """
    if not days.size:
        return np.empty((0, 2 * order))
    first, last = int(days.min()) // BLOCK, int(days.max()) // BLOCK
    blocks = [_block(number, period, order) for number in range(first, last + 1)]
    table = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    return table[days - first * BLOCK]


@lru_cache(maxsize=BLOCKS_KEPT)
def _block(number: int, period: float, order: int) -> FloatArray:
    """(BLOCK, 2·order) rows of one block of days; read-only, because callers share them."""
    angle = np.pi * 2 * np.arange(number * BLOCK, (number + 1) * BLOCK, dtype=np.float64)
    rows = np.empty((BLOCK, 2 * order))
    for harmonic in range(order):
        turned = (harmonic + 1) / period * angle
        rows[:, 2 * harmonic] = np.sin(turned)
        rows[:, 2 * harmonic + 1] = np.cos(turned)
    rows.flags.writeable = False
    return rows
