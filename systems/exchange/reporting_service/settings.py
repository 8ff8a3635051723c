"""What can be set on the reporting service, by environment variable."""

from observability import serving_settings
from systems.exchange.shared_settings import DATABASE_URL

SETTINGS = (
    *serving_settings(port=9127),
    DATABASE_URL,
)
