"""What can be set on the backend service, by environment variable."""

from observability import Setting, serving_settings
from observability.settings import non_negative_float, positive_int

SETTINGS = (
    *serving_settings(port=8002),
    Setting("DATABASE_SERVICE_URL", "http://127.0.0.1:8003", "where the database service is"),
    Setting("CACHE_TTL_SECONDS", "30", "how long a cached answer is used; 0 = nothing is cached", non_negative_float),
    Setting("CACHE_MAX_ENTRIES", "1000", "answers kept; the least recently used goes first", positive_int),
)
