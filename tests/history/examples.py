"""Small files, and ways to read a history."""

from pathlib import Path

import pandas as pd

from forecasting.core.ports import Manifest, SalesHistory
from forecasting.history.incoming_file import IncomingFile

HEADER = "store,item,date,demand,region,is_open,promo,holiday,school_holiday\n"
TWO_DAYS = HEADER + "1,a,2024-01-01,5,North,1,0,,0\n1,a,2024-01-02,6,North,1,1,Easter,0\n"
THIRD_DAY = HEADER + "1,a,2024-01-03,7,North,1,0,,0\n"


def frame_of(read: IncomingFile) -> pd.DataFrame:
    """Return all stores of a file in one frame."""
    return pd.concat([frame for _, frame in read.frames()], ignore_index=True)


def read(history: SalesHistory, manifest: Manifest, store: str = "1", kind: str = "sales") -> pd.DataFrame:
    """Return the current sales or plan of a store."""
    head = manifest.head(store, kind)
    assert head is not None, f"store {store} has no {kind}"
    return history.read(head)


def demand(history: SalesHistory, manifest: Manifest, store: str = "1") -> dict[tuple[str, str], float]:
    """Return the demand of a store by item and day."""
    frame = read(history, manifest, store)
    days = frame["ds"].dt.strftime("%m-%d")
    return dict(zip(zip(frame["item"], days, strict=True), frame["y"], strict=True))


def files_in(folder: Path) -> set[Path]:
    """Return every file below a folder."""
    return {path for path in folder.rglob("*") if path.is_file()}
