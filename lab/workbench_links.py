"""Addresses of the workbench's pages, for links from elsewhere: the terminal, the services' own pages.

The pages' own links are made by workbench/static/addresses.js; a test compares the two. `{trace_id}` in a query stays
as it is: whoever has an id puts it there.
"""

import json
from urllib.parse import quote, quote_plus, urlencode, urlsplit

#: Stands for a trace's id in a link; whoever has an id puts it there.
TRACE_ID = "{trace_id}"


def explore_address(base: str, source: str, query: str, view: str, minutes: int) -> str:
    """Explore with one query, over the last minutes. `base` is the workbench's own address."""
    pane = json.dumps({"source": source, "query": query, "view": view}, separators=(",", ":"), ensure_ascii=False)
    return _address(base, "/explore", {"left": pane, **_last(minutes)})


def trace_address(base: str, trace_id: str) -> str:
    return _address(base, f"/trace/{quote(trace_id, safe='')}", {})


def logs_address(base: str, query: str, minutes: int) -> str:
    """The log lines that a LogQL query finds, over the last minutes."""
    return _address(base, "/logs", {"query": query, **_last(minutes)})


def map_address(base: str, minutes: int) -> str:
    """The service map of the last minutes."""
    return _address(base, "/map", _last(minutes))


def dashboard_address(base: str, grafana_url: str) -> str | None:
    """The same dashboard here, for an address of one in Grafana (`/d/<uid>?…`): variables and times are the same.

    None when that is no dashboard."""
    parts = urlsplit(grafana_url)
    match parts.path.split("/"):
        case ["", "d", uid, *_] if uid:
            return f"{base}/dashboards/{uid}" + (f"?{parts.query}" if parts.query else "")
    return None


def _last(minutes: int) -> dict[str, str]:
    return {"from": f"now-{minutes}m", "to": "now"}


def _address(base: str, path: str, parameters: dict[str, str]) -> str:
    query = f"?{urlencode(parameters)}" if parameters else ""
    # Everything is encoded but the placeholder, which has to stay recognizable.
    return (base + path + query).replace(quote_plus(TRACE_ID), TRACE_ID)
