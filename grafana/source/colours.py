"""What colours mean, in one place.

Green, amber and red say good, watch and bad, and nothing else. A service has one colour wherever it appears; what is
asked for (users, products, …) has one through all tiers. None of these looks like a state.
"""

from __future__ import annotations

from collections.abc import Mapping

from lab.manifest import discover

GOOD = "#73BF69"
WATCH = "#FF9830"
BAD = "#F2495C"
#: Where there is nothing to say: no data, informational.
NEUTRAL = "#8E9AAF"
#: A number that nobody judges.
UNJUDGED = "#C7D0D9"
#: Faint: it lies on a heatmap, one for every request that was kept as an example.
EXEMPLAR = "rgba(255, 255, 255, 0.4)"

_SYSTEMS: Mapping[str, Mapping[str, str]] = {
    system.name: {service.name: service.colour for service in system.services if service.colour}
    for system in discover().values()
}

#: The three tiers, and the services of the exchange: their manifests say it, for the workbench as well.
CHAIN, EXCHANGE = _SYSTEMS["chain"], _SYSTEMS["exchange"]

#: Who belongs to no system.
LAB: Mapping[str, str] = {
    "user": "#C7D0D9",  # the visitor, in the service graph
    "loadtest": "#C8AD7F",
    "lab": "#C7D0D9",
    "telemetry_store": "#5FA8A3",
    "prometheus": "#B08968",
    "loki": "#9A8C98",
    "tempo": "#6D8BA6",
    "alertmanager": "#B5838D",
    "grafana": "#A3A86B",
}

SERVICES: Mapping[str, str] = {**CHAIN, **EXCHANGE, **LAB}

#: By regular expression on a series' name: `/user/<id>`, `/api/user/<id>`, `SELECT users`, `get_user`, `users`.
SUBJECTS: Mapping[str, str] = {
    "users?(?![a-z])": "#6CA6E8",
    "products?(?![a-z])": "#C8AD7F",
    "inventor(y|ies)": "#5FA8A3",
    "orders?(?![a-z])": "#B58BD9",
    r"((^|\s)/$|/api/data|/db/query|get_data|home)": "#9FB1C4",
    "unmatched": "#6B7280",
}

#: A tail is brighter than the middle.
PERCENTILES: Mapping[str, str] = {"p50": "#3F6FB5", "p90": "#5E90D6", "p95": "#86B3F0", "p99": "#CFE2FF"}

#: Outcomes are states.
OUTCOMES: Mapping[str, str] = {
    "success": GOOD,
    "not_found": WATCH,
    "error": BAD,
    "unavailable": "#A3122A",
    "failure": BAD,
    "committed": GOOD,
    "rolled_back": BAD,
    "hit": "#6CA6E8",
    "miss": "#C8AD7F",
}

#: A caller's mistake is worth a look, the service's own is bad.
STATUSES: Mapping[str, str] = {r"\b2\d\d": "#6CA6E8", r"\b3\d\d": NEUTRAL, r"\b4\d\d": WATCH, r"\b5\d\d": BAD}

#: Calls to the database: what went well by subject, what did not as a state.
CALLS: Mapping[str, str] = {**SUBJECTS, "query": "#9FB1C4", "not_found": WATCH, "error": BAD, "unavailable": "#C4162A"}

#: Business rules, by the subject they are about.
RULES: Mapping[str, str] = {
    "validate_user_id": "#6CA6E8",
    "apply_pricing_rules": "#C8AD7F",
    "summarize_orders": "#B58BD9",
}

#: Error types: ambers for the caller's mistakes, reds for a tier that failed.
ERROR_TYPES: Mapping[str, str] = {
    "invalid_user_id": "#FFD08A",
    "invalid_product_id": "#FFB357",
    "invalid_query": "#F2B866",
    "invalid_quantity": "#F2B866",
    "user_not_found": WATCH,
    "product_not_found": "#D17A1A",
    "not_found": "#A66114",
    "method_not_allowed": "#A66114",
    "backend_unavailable": BAD,
    "database_unavailable": "#FF7383",
    "pool_exhausted": "#E02F44",
    "database_locked": "#FFA6B0",
    "backend_error": "#C4162A",
    "database_error": "#A3122A",
    "internal_error": "#8B0E1E",
}

LEVELS: Mapping[str, str] = {
    "debug": "#6B7280",
    "info": "#6CA6E8",
    "warning": WATCH,
    "error": BAD,
    "critical": "#A3122A",
}
