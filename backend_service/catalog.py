"""Where the backend's data comes from: the cache if it has it, else the database.

Only found records are cached. "There is no user 7" is not: a user who signs up must appear at once, and ids that do not
exist are without number, so they would push out the records that people do ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from backend_service.cache import CacheUnavailable, TtlLruCache
from backend_service.metrics import BackendMetrics
from observability import Telemetry
from observability.errors import RequestError, ServiceUnavailable
from observability.http_client import ServiceClient, ServiceResponse
from observability.metrics import ChildCache

#: The orders the home page shows.
NEWEST_ORDERS_PATH = "/db/query?table=orders&order=created_at:desc&limit=10"


@dataclass(frozen=True)
class Question:
    """How the database is asked for one kind of record: by which path, counted as what, answered in which field."""

    path: str
    operation: str
    field: str


QUESTIONS = {
    "user": Question("/db/user/{id}", "get_user", "user"),
    "product": Question("/db/product/{id}", "get_product", "product"),
    "orders": Question(NEWEST_ORDERS_PATH, "query", "rows"),
}

#: What one request brings up to date at most: somebody waits for its answer.
_MOST_RELOADED = 200

#: The database's status -> how the call is counted; other failures are "error".
_OUTCOMES = {404: "not_found", 503: "unavailable"}


@dataclass(frozen=True)
class Finding:
    """What a search came to: `cache` is "hit" or "miss", `server_timing` the database's header, if it was asked."""

    cache: str
    server_timing: str
    found: Any = None
    refusal: RequestError | None = None

    def record(self) -> Any:
        """The record. Raises RequestError with the database's refusal where there is none."""
        if self.refusal is not None:
            raise self.refusal
        return self.found


class Cache(Protocol):
    """The part of a cache the catalog needs."""

    def get(self, key: str) -> Any: ...
    def put(self, key: str, value: Any) -> None: ...


class Catalog:
    """Users, products and orders. Each method raises ServiceUnavailable when the database gives no answer."""

    def __init__(
        self, database: ServiceClient, cache: TtlLruCache[Any], metrics: BackendMetrics, telemetry: Telemetry
    ) -> None:
        self._database = database
        self._store = cache
        #: What records are looked for in and put into: the store itself, or something in front of it.
        self.cache: Cache = cache
        #: Whether a record that has expired brings up to date all others that have.
        self.reloads_expired = False
        self._telemetry = telemetry
        self._logger = telemetry.logger
        self._cache_operations = {name: metrics.cache_operations_total.labels(name) for name in ("hit", "miss")}
        self._database_calls = ChildCache(metrics.database_calls_total.labels)

    def user(self, id: str, validate: Callable[[], int]) -> Finding:
        """The user's row. `validate` is only called on a miss: what is in the cache has been validated before."""
        return self._find("user", id, validate)

    def product(self, product_id: int) -> Finding:
        """The product's row with its inventory, before any pricing."""
        return self._find("product", str(product_id))

    def newest_orders(self) -> Finding:
        """The newest orders' rows, the newest first."""
        return self._find("orders", "newest")

    def _find(self, kind: str, id: str, validate: Callable[[], object] | None = None) -> Finding:
        key = f"{kind}:{id}"
        record = self._look_up(key)
        if record is not None:
            self._cache_operations["hit"].inc()
            self._logger.info("Cache hit for %s", _shown(key), extra={"cache.operation": "hit"})
            return Finding("hit", "", record)
        self._cache_operations["miss"].inc()
        self._logger.info("Cache miss for %s", _shown(key), extra={"cache.operation": "miss"})
        if validate is not None:
            validate()
        finding = self._fetch(kind, id)
        if self.reloads_expired:
            self._reload(self._store.expired_keys()[:_MOST_RELOADED])
        return finding

    def _fetch(self, kind: str, id: str) -> Finding:
        question = QUESTIONS[kind]
        answer = self._ask_database(question.operation, question.path.format(id=id))
        server_timing = answer.headers.get("Server-Timing", "")
        if answer.status == 200 and isinstance(answer.json, dict) and question.field in answer.json:
            self._database_calls[question.operation, "success"].inc()
            record = answer.json[question.field]
            self._keep(f"{kind}:{id}", record)
            return Finding("miss", server_timing, record)
        self._database_calls[question.operation, _OUTCOMES.get(answer.status, "error")].inc()
        return Finding("miss", server_timing, refusal=_passed_on(answer))

    def _reload(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        with self._telemetry.span("reload_expired", {"cache.entries": len(keys)}):
            self._logger.info("Reloading %s expired entries", len(keys), extra={"cache.entries": len(keys)})
            # Whose request this is has its record: what fails here is somebody else's to ask for again.
            with suppress(ServiceUnavailable):
                for key in keys:
                    if not self.reloads_expired or self._fetch(*key.split(":", 1)).refusal is not None:
                        break

    def _look_up(self, key: str) -> Any:
        try:
            return self.cache.get(key)
        except CacheUnavailable as error:
            self._logger.warning("Cache cannot be asked for %s: %s", _shown(key), error)
            return None

    def _keep(self, key: str, record: Any) -> None:
        try:
            self.cache.put(key, record)
        except CacheUnavailable as error:
            self._logger.warning("Cache cannot keep %s: %s", key, error)

    def _ask_database(self, operation: str, path: str) -> ServiceResponse:
        try:
            return self._database.get(path)
        except ServiceUnavailable:
            self._database_calls[operation, "unavailable"].inc()
            raise


def _passed_on(answer: ServiceResponse) -> RequestError:
    """The database's refusal as this service's own."""
    error = answer.json.get("error") if isinstance(answer.json, dict) else None
    told = error if isinstance(error, dict) else {}
    type, message, hint = told.get("type"), told.get("message"), told.get("hint")
    if answer.status == 404 and isinstance(type, str) and isinstance(message, str):
        return RequestError(404, type, message, hint)
    if answer.status == 503:
        reason = message or "it gave no reason"
        return RequestError(503, "database_unavailable", f"the database cannot answer now: {reason}", hint)
    return RequestError(502, "database_error", f"the database answered with status {answer.status}")


def _shown(key: str) -> str:
    # On a miss the id has not been validated yet, and can be as long as a URL can.
    return key if len(key) <= 40 else f"{key[:40]}…"
