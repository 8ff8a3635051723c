"""What can be set on the order manager, by environment variable."""

from observability import Setting, serving_settings
from observability.settings import non_negative_float
from systems.exchange.shared_settings import DATABASE_URL, REDIS_URL

SETTINGS = (
    *serving_settings(port=8426),
    DATABASE_URL,
    REDIS_URL,
    Setting("RISK_MANAGER_URL", "http://127.0.0.1:8539", "where the risk manager is"),
    Setting("WALLET_SERVICE_URL", "http://127.0.0.1:8651", "where the wallet service is"),
    Setting("MARKET_DATA_SERVICE_URL", "http://127.0.0.1:8864", "where the market data service is"),
    Setting(
        "SWEEP_PAUSE_SECONDS",
        "5",
        "seconds between two looks for unfinished cancellations; 0 = never",
        non_negative_float,
    ),
    Setting(
        "SWEEP_PATIENCE_SECONDS", "10", "how long a cancellation may take before it is finished", non_negative_float
    ),
)
