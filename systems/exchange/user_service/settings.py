"""What can be set on the user service, by environment variable."""

from observability import Setting, serving_settings
from observability.settings import positive_int
from systems.exchange.shared_settings import DATABASE_URL, TOKEN_KEYS

SETTINGS = (
    *serving_settings(port=8975),
    DATABASE_URL,
    TOKEN_KEYS,
    Setting("TOKEN_LIFETIME_SECONDS", "3600", "how long a token is good for", positive_int),
    Setting("PASSWORD_HASHES_AT_ONCE", "2", "password hashes computed at the same time", positive_int),
    Setting("PASSWORD_HASHES_WAITING", "2", "further requests that may wait for theirs", positive_int),
)
