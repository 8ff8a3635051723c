"""What can be set on the market data service, by environment variable."""

from observability import serving_settings
from systems.exchange.shared_settings import DATABASE_URL, REDIS_URL

SETTINGS = (
    *serving_settings(port=8864),
    DATABASE_URL,
    REDIS_URL,
)
