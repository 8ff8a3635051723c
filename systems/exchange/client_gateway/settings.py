"""What can be set on the client gateway, by environment variable."""

from observability import Setting, serving_settings
from observability.settings import boolean, non_negative_float, positive_int
from systems.exchange.shared_settings import REDIS_URL, TOKEN_KEYS


def origins(text: str) -> frozenset[str]:
    """`https://a.example,http://127.0.0.1:3000` as a set. Raises ValueError for what is no origin."""
    found = frozenset(filter(None, (part.strip().rstrip("/") for part in text.split(","))))
    for origin in found:
        scheme, separator, host = origin.partition("://")
        if scheme not in ("http", "https") or not separator or not host or "/" in host or "*" in host:
            raise ValueError(f"{origin!r} is no origin: expected such as https://shop.example, without a path")
    return found


SETTINGS = (
    *serving_settings(port=8347),
    Setting("USER_SERVICE_URL", "http://127.0.0.1:8975", "where the user service is"),
    Setting("ORDER_MANAGER_URL", "http://127.0.0.1:8426", "where the order manager is"),
    Setting("WALLET_SERVICE_URL", "http://127.0.0.1:8651", "where the wallet service is"),
    Setting("REPORTING_SERVICE_URL", "http://127.0.0.1:9127", "where the reporting service is"),
    Setting("MARKET_DATA_SERVICE_URL", "http://127.0.0.1:8864", "where the market data service is"),
    Setting("NOTIFICATION_SERVICE_URL", "http://127.0.0.1:9243", "where the notification service is"),
    Setting(
        "NOTIFICATION_STREAM_URL",
        "",
        "the WebSocket of notifications as a browser reaches it; empty = /stream of NOTIFICATION_SERVICE_URL",
    ),
    REDIS_URL,
    TOKEN_KEYS,
    Setting("RATE_LIMIT_REQUESTS", "300", "requests a user may make in ten seconds", positive_int),
    Setting(
        "RATE_LIMIT_CREDENTIALS",
        "100",
        "registrations and logins that may come from one address in ten seconds",
        positive_int,
    ),
    Setting(
        "RATE_LIMIT_FAILED_LOGINS",
        "10",
        "failed logins of one account, before more are refused until the next stretch; addresses from which it was"
        " entered in the last week are counted apart",
        positive_int,
    ),
    Setting("RATE_LIMIT_FAILED_LOGINS_SECONDS", "600", "how long such a stretch is", positive_int),
    Setting("CORS_ORIGINS", "", "pages of these origins may ask, separated by commas; empty = our own only", origins),
    Setting("EXCHANGE_TRAFFIC_RPS", "0", "requests per second, on average, of simulated traders", non_negative_float),
    Setting("EXCHANGE_TRAFFIC_SEED", "1", "what the simulated traders do follows from it", int),
    Setting("EXCHANGE_TRAFFIC_STEADY", "false", "true: requests at an even pace, without pauses and bursts", boolean),
    Setting(
        "TRACE_URL_TEMPLATE",
        "http://127.0.0.1:8000/trace/{trace_id}",
        "where the trading page's links to traces lead; {trace_id} is replaced",
    ),
)
