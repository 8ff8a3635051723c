"""What can be set on the matching engine, by environment variable."""

from observability import serving_settings
from systems.exchange.shared_settings import DATABASE_URL, REDIS_URL

SETTINGS = (
    *serving_settings(port=8792),
    DATABASE_URL,
    REDIS_URL,
)
