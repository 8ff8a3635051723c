"""What can be set on the risk manager, by environment variable."""

from observability import Setting, serving_settings
from systems.exchange.shared_settings import DATABASE_URL, REDIS_URL

SETTINGS = (
    *serving_settings(port=8539),
    DATABASE_URL,
    REDIS_URL,
    Setting("RISK_MAX_ORDER_VALUE_CENTS", "100000000", "cents an order may be worth, unless a user has limits", int),
    Setting("RISK_MAX_QUANTITY", "10000", "shares an order may be for, likewise", int),
    Setting("RISK_PRICE_BAND_PERCENT", "20", "how far from the last price an order may be, likewise", int),
    Setting("RISK_MAX_OPEN_ORDERS", "50", "orders a user may have open, likewise", int),
)
