"""What can be set on the notification service, by environment variable."""

from observability import Setting, serving_settings
from observability.settings import positive_int
from systems.exchange.shared_settings import DATABASE_URL, REDIS_URL, TOKEN_KEYS

SETTINGS = (
    *serving_settings(port=9243),
    Setting("USER_SERVICE_URL", "http://127.0.0.1:8975", "where the user service is"),
    DATABASE_URL,
    REDIS_URL,
    TOKEN_KEYS,
    Setting("STREAM_CLIENTS", "500", "connections that may be open at the same time", positive_int),
    Setting("STREAM_CLIENTS_OF_USER", "10", "of them, those of one user", positive_int),
    Setting("STREAM_QUEUE", "256", "messages that may wait for one client; one that is slower is let go", positive_int),
)
