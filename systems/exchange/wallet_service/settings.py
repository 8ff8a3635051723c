"""What can be set on the wallet service, by environment variable."""

from observability import Setting, serving_settings
from observability.settings import non_negative_float
from systems.exchange.shared_settings import DATABASE_URL, REDIS_URL

SETTINGS = (
    *serving_settings(port=8651),
    DATABASE_URL,
    REDIS_URL,
    Setting(
        "SWEEP_PAUSE_SECONDS", "5", "between two looks for holds that have no order; 0 = never", non_negative_float
    ),
    Setting("SWEEP_PATIENCE_SECONDS", "30", "how long a hold may be without its order", non_negative_float),
)
