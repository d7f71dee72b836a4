"""Let NumPy and SciPy of a test process compute with one thread; import this before either of them.

OpenBLAS starts a thread per core, and its threads burn CPU while they wait for each other. The test
processes keep all cores busy anyway. Processes that tests start choose for themselves, as in production.
"""

import os

NAME = "OMP_NUM_THREADS"

_before = os.environ.get(NAME)
os.environ[NAME] = "1"
import numpy as np  # noqa: E402, F401 – OpenBLAS reads the variable when it is loaded
import scipy.linalg  # noqa: E402, F401 – SciPy has an OpenBLAS of its own

if _before is None:
    del os.environ[NAME]
else:
    os.environ[NAME] = _before
