"""The services behind the gateway, and what becomes of their refusals.

What a service refuses is the user's to see, with the status and the body it was refused with. What a service fails at
is the gateway's 502 or 503.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from observability import Telemetry
from observability.errors import RequestError
from observability.http_client import CallPolicy, ServiceClient, ServiceResponse

#: What the body of an error has of its own at each service it passes.
_OWN_FIELDS = frozenset(("type", "message", "hint", "trace_id"))
#: An order is checked, its money blocked and stored before there is an answer; each of these may be slow.
_PATIENT = CallPolicy(read_timeout_seconds=6.0)
#: Calls of `side_by_side` that are on their way at the same time, of all requests together.
_PARALLEL_CALLS = 12


@dataclass(frozen=True)
class Services:
    """A client for each."""

    users: ServiceClient
    orders: ServiceClient
    wallets: ServiceClient
    reports: ServiceClient
    market: ServiceClient

    def all(self) -> tuple[ServiceClient, ...]:
        return (self.users, self.orders, self.wallets, self.reports, self.market)


def connect(settings: Mapping[str, Any], telemetry: Telemetry) -> Services:
    """Clients for where the settings say the services are. Nothing is connected yet."""
    return Services(
        users=ServiceClient("user-service", settings["USER_SERVICE_URL"], telemetry),
        orders=ServiceClient("order-manager", settings["ORDER_MANAGER_URL"], telemetry, _PATIENT),
        wallets=ServiceClient("wallet-service", settings["WALLET_SERVICE_URL"], telemetry),
        reports=ServiceClient("reporting-service", settings["REPORTING_SERVICE_URL"], telemetry),
        market=ServiceClient("market-data-service", settings["MARKET_DATA_SERVICE_URL"], telemetry),
    )


def content(service: ServiceClient, answer: ServiceResponse) -> Any:
    """The JSON of an answer that is no refusal. Raises RequestError for one that is."""
    if answer.status < 400 and answer.json is not None:
        return answer.json
    error = answer.json.get("error") if isinstance(answer.json, dict) else None
    told = error if isinstance(error, dict) else {}
    type, message, hint = told.get("type"), told.get("message"), told.get("hint")
    headers = {name: answer.headers[name] for name in ("Retry-After",) if name in answer.headers}
    if (answer.status < 500 or answer.status == 503) and isinstance(type, str) and isinstance(message, str):
        details = {name: value for name, value in told.items() if name not in _OWN_FIELDS}
        raise RequestError(answer.status, type, message, hint, details=details, headers=headers)
    raise RequestError(
        502,
        f"{service.service}_failed",
        f"{service.service} answered with status {answer.status}",
        "the trace shows where it failed; nothing is known to have been done",
    )


class SideBySide:
    """Makes several calls at the same time, each in the caller's trace."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_PARALLEL_CALLS, thread_name_prefix="side-by-side")

    def __call__(self, calls: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """name -> what the call returned, or the RequestError it raised; anything else it raises is raised here."""
        # A copy each: a context is entered by one thread at a time.
        futures = {name: self._pool.submit(copy_context().run, _outcome, call) for name, call in calls.items()}
        return {name: future.result() for name, future in futures.items()}


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except RequestError as error:
        return error
