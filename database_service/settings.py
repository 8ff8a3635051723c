"""What can be set on the database service, by environment variable."""

from observability import Setting, serving_settings
from observability.settings import non_negative_float, positive_int

SETTINGS = (
    *serving_settings(port=8003),
    Setting("DATABASE_SEED", "7", "the rows and the simulated latencies follow from it", int),
    Setting("DATABASE_LATENCY_SCALE", "1.0", "factor on every simulated latency; 0 = none at all", non_negative_float),
    Setting("DATABASE_POOL_SIZE", "10", "connections that can be in use at the same time", positive_int),
    # The backend waits 1 s for an answer: whoever waits for a connection must be told well before.
    Setting("DATABASE_POOL_TIMEOUT_SECONDS", "0.3", "how long a request waits for a connection", non_negative_float),
    Setting(
        "DATABASE_SLOW_QUERY_SECONDS", "0.075", "a query that takes this long is counted as slow", non_negative_float
    ),
)
