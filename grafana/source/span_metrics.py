"""The metrics that Tempo makes of every span and of every call between services, as Prometheus has them."""

from __future__ import annotations

#: Spans, by service, span_name, span_kind and status_code; and the seconds that they lasted: what follows is `_sum`,
#: `_count` or `_bucket`.
CALLS = "traces_spanmetrics_calls_total"
LATENCY = "traces_spanmetrics_latency"
SERVER = 'span_kind="SPAN_KIND_SERVER"'
CLIENT = 'span_kind="SPAN_KIND_CLIENT"'
INTERNAL = 'span_kind="SPAN_KIND_INTERNAL"'

#: Calls, by client and server. What follows is `_total`, or `_client_seconds_…` as the caller measures it and
#: `_server_seconds_…` as the callee does.
GRAPH = "traces_service_graph_request"

#: Tempo writes them every 5 to 15 s, more slowly than services are scraped: a minute always holds four samples.
WINDOW = "[1m]"


def failed_requests(tier: str = "") -> str:
    """The share of requests that each service (or `tier` alone) failed, by service; 0 without failures.

    Counts what no metric of the database does: a request that got no connection never became a query.
    """
    of_tier = f'{SERVER}, service="{tier}"' if tier else SERVER
    asked = f"sum by (service) (rate({CALLS}{{{of_tier}}}{WINDOW}))"
    failed = f'sum by (service) (rate({CALLS}{{{of_tier}, status_code="STATUS_CODE_ERROR"}}{WINDOW}))'
    return f"({failed} or {asked} * 0) / ({asked} > 0)"
