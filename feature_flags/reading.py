"""`read_flags`: the flags of the file that the environment names."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from multiprocessing.util import Finalize
from pathlib import Path

from feature_flags.flags import FeatureFlags
from feature_flags.watching import WatchedFlags

#: flagd's own name for it.
FLAG_FILE_VARIABLE = "FLAGD_OFFLINE_FLAG_SOURCE_PATH"


def read_flags(environ: Mapping[str, str]) -> FeatureFlags:
    """The flags of the file named by `FLAGD_OFFLINE_FLAG_SOURCE_PATH`, now and whenever it changes.

    Returns at once: a thread waits for the file, which need not exist yet. Without the variable every flag is off, and
    there is no thread. Raises nothing; what is wrong with the file is logged. Closed when the process ends.
    """
    path = environ.get(FLAG_FILE_VARIABLE)
    if not path:
        return FeatureFlags()
    flags = WatchedFlags(Path(path))
    flags.start()
    # A worker process of the server ends through multiprocessing, which does not run atexit's functions.
    Finalize(None, flags.close, exitpriority=15)
    atexit.register(flags.close)
    return flags
