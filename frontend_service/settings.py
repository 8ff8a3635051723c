"""What can be set on the frontend service, by environment variable."""

from observability import Setting, serving_settings
from observability.settings import boolean, non_negative_float

SETTINGS = (
    *serving_settings(port=8001),
    Setting("BACKEND_SERVICE_URL", "http://127.0.0.1:8002", "where the backend service is"),
    Setting("TRAFFIC_RPS", "0", "requests per second, on average, of simulated users; 0 = none", non_negative_float),
    Setting("TRAFFIC_SEED", "1", "what the simulated users do follows from it", int),
    Setting("TRAFFIC_STEADY", "false", "true: as many simulated users at any time, without waves and bursts", boolean),
    Setting(
        "TRACE_URL_TEMPLATE",
        "http://127.0.0.1:8000/trace/{trace_id}",
        "where a page's link to its trace leads; {trace_id} is replaced",
    ),
    Setting(
        "LOGS_URL_TEMPLATE",
        # {service=~".+"} |= "<trace id>" | json
        "http://127.0.0.1:8000/logs?query=%7Bservice%3D~%22.%2B%22%7D+%7C%3D+%22{trace_id}%22+%7C+json"
        "&from=now-360m&to=now",
        "where a page's link to its log lines leads; {trace_id} is replaced",
    ),
)
