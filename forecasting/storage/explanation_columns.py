"""The explanation of a forecast as columns of its blob, after the columns of its days.

There is one float32 column for each step of an explanation except the level. The level is computed as the
rest of the mean, so that the steps add up exactly despite rounding. There is one float64 column for each
cause of a change except the last. What concerns the whole store is in the metadata of the stream.
"""

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from forecasting.core.day_arrays import FloatArray
from forecasting.core.explanation import LEVEL, STEPS, Cause, Explanation, Origin, StoreReasons

ORIGIN, STEP, SHIFT = "why", "why:", "moved:"
"""The column with the origin of an item's steps, and the prefixes of the columns of steps and causes."""

_ABOUT = "reasons"


def metadata(reasons: StoreReasons) -> dict[str, str]:
    """The metadata: what concerns the whole store."""
    about = {"since": reasons.since, "causes": list(reasons.causes), "untold": reasons.unexplained}
    return {_ABOUT: json.dumps(about)}


def columns(reasons: StoreReasons, items: pa.Array, offsets: pa.Array) -> dict[str, pa.Array]:
    """The columns: one row for each item.

    Parameters
    ----------
    items, offsets
        The item of each row, and the boundaries of its days.
    """
    names, sizes = items.to_pylist(), np.diff(offsets.to_numpy())
    steps = {step for each in reasons.why.values() for step in each.steps if step != LEVEL}
    causes = {cause for shift in reasons.shifts.values() for cause in shift}
    said = {name: each.steps for name, each in reasons.why.items()}
    moves = {name: {str(cause): by for cause, by in shift.items()} for name, shift in reasons.shifts.items()}

    def listed(of: Mapping[str, Mapping[str, FloatArray]], what: str, kind: type) -> pa.Array:
        rows = [of.get(name, {}).get(what, np.zeros(size)) for name, size in zip(names, sizes, strict=True)]
        return pa.ListArray.from_arrays(offsets, pa.array(np.concatenate([[], *rows]).astype(kind)))

    origins = [str(reasons.why[name].origin) if name in reasons.why else None for name in names]
    return {
        ORIGIN: pa.array(origins, pa.large_string()),
        **{STEP + step: listed(said, step, np.float32) for step in STEPS if step in steps},
        **{SHIFT + cause: listed(moves, cause, np.float64) for cause in Cause if cause in causes},
    }


def reasons(batch: pa.RecordBatch, item: str | None) -> StoreReasons:
    """The explanation in a batch whose columns have all been read.

    Parameters
    ----------
    item
        Only this item; None means all items.
    """
    stored = (batch.schema.metadata or {}).get(_ABOUT.encode())
    if stored is None:
        return StoreReasons()
    about = json.loads(stored)
    rows = {name: at for at, name in enumerate(batch.column("item").to_pylist()) if item in (None, name)}
    why = {name: _explanation(batch, at) for name, at in rows.items()}
    causes = [cause for cause in Cause if SHIFT + cause in batch.schema.names]
    return StoreReasons(
        {name: each for name, each in why.items() if each is not None},
        about["since"],
        tuple(Cause(cause) for cause in about["causes"]),
        about["untold"],
        {name: {cause: _days(batch, SHIFT + cause, at) for cause in causes} for name, at in rows.items()}
        if causes
        else {},
    )


def _explanation(batch: pa.RecordBatch, at: int) -> Explanation | None:
    """The explanation in one row; None if it has none."""
    origin = batch.column(ORIGIN)[at].as_py()
    if origin is None:
        return None
    present = [step for step in STEPS if STEP + step in batch.schema.names]
    steps = {step: _days(batch, STEP + step, at) for step in present}
    said = Explanation(Origin(origin), {step: values for step, values in steps.items() if values.any()})
    return said.with_level_for(_days(batch, "mean", at))


def _days(batch: pa.RecordBatch, name: str, at: int) -> FloatArray:
    """(h,) values of one row of a list column."""
    return np.asarray(batch.column(name)[at].values.to_numpy(zero_copy_only=False), dtype=np.float64)
