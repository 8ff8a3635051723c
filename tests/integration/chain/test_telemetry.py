"""What one request leaves behind in each signal: the chain's contract."""

from __future__ import annotations

import re
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.integration.chain.running_chain import Chain, Span, run_chain, until

SERVER, CLIENT, INTERNAL = 2, 3, 1


def shape(spans: list[Span]) -> tuple[str, list[Any]]:
    """The tree of "service: name" from the root, children in alphabetical order."""
    children: dict[str, list[Span]] = {}
    for span in spans:
        children.setdefault(span.parent_span_id, []).append(span)

    def below(span: Span) -> tuple[str, list[Any]]:
        return f"{span.service}: {span.name}", sorted(below(child) for child in children.get(span.span_id, ()))

    (root,) = children[""]
    return below(root)


_TRANSACTION = [
    ("database: query_execution", []),
    ("database: query_planning", []),
    ("database: transaction_begin", []),
    ("database: transaction_commit", []),
]


def test_a_user_request_is_one_trace_of_ten_spans(chain: Chain) -> None:
    trace_id = chain.get("/user/123").headers["X-Trace-Id"]
    assert shape(chain.receiver.trace(trace_id, 10)) == (
        "frontend: frontend_get_user",
        [
            (
                "frontend: GET",
                [
                    (
                        "backend: backend_get_user",
                        [
                            ("backend: GET", [("database: database_get_user", _TRANSACTION)]),
                            ("backend: validate_user_id", []),
                        ],
                    )
                ],
            )
        ],
    )


def test_a_product_request_joins_the_inventory_and_applies_pricing_rules(chain: Chain) -> None:
    trace_id = chain.get("/product/42").headers["X-Trace-Id"]
    join = ("database: join_inventory", [("database: query_execution", []), ("database: query_planning", [])])
    assert shape(chain.receiver.trace(trace_id, 13)) == (
        "frontend: frontend_get_product",
        [
            (
                "frontend: GET",
                [
                    (
                        "backend: backend_get_product",
                        [
                            ("backend: GET", [("database: database_get_product", [join, *_TRANSACTION])]),
                            ("backend: apply_pricing_rules", []),
                        ],
                    )
                ],
            )
        ],
    )


def test_the_home_page_asks_through_to_a_query(chain: Chain) -> None:
    trace_id = chain.get("/").headers["X-Trace-Id"]
    assert shape(chain.receiver.trace(trace_id, 9)) == (
        "frontend: frontend_home_request",
        [
            (
                "frontend: GET",
                [
                    (
                        "backend: backend_get_data",
                        [("backend: GET", [("database: database_query", _TRANSACTION)])],
                    )
                ],
            )
        ],
    )


def test_spans_carry_the_attributes_of_the_semantic_conventions(chain: Chain) -> None:
    trace_id = chain.get("/user/123").headers["X-Trace-Id"]
    spans = {span.name: span for span in chain.receiver.trace(trace_id, 10)}
    server = spans["frontend_get_user"]
    assert server.kind == SERVER
    assert {name: server.attributes.get(name) for name in ("http.request.method", "http.route")} == {
        "http.request.method": "GET",
        "http.route": "/user/<id>",
    }
    assert str(server.attributes["http.response.status_code"]) == "200"
    assert spans["validate_user_id"].attributes == {"user.id": "123"}
    assert spans["query_planning"].attributes == {
        "db.system.name": "sqlite",
        "db.collection.name": "users",
        "db.query.plan": "SEARCH users USING INTEGER PRIMARY KEY (rowid=?)",
        "db.query.plan.access": "index",
        "db.query.plan.cached": spans["query_planning"].attributes["db.query.plan.cached"],
    }
    assert spans["query_execution"].attributes == {
        "db.system.name": "sqlite",
        "db.operation.name": "SELECT",
        "db.collection.name": "users",
        "db.query.text": "SELECT * FROM users WHERE id = ?",
        "db.response.returned_rows": "1",
    }


@pytest.mark.parametrize(
    ("path", "messages"),
    [
        (
            "/user/123",
            [
                ("frontend", "info", "Fetching user 123"),
                ("backend", "info", "Processing user request for ID: 123"),
                ("backend", "info", "Cache miss for user:123"),
                ("database", "info", "Querying user 123 from database"),
                ("database", "info", "Transaction committed"),
                ("backend", "info", "User 123 request completed"),
                ("frontend", "info", "User 123 fetch completed"),
            ],
        ),
        (
            "/product/42",
            [
                ("frontend", "info", "Fetching product 42"),
                ("backend", "info", "Processing product request for ID: 42"),
                ("backend", "info", "Cache miss for product:42"),
                ("database", "info", "Querying product 42 from database"),
                ("database", "info", "Transaction committed"),
                ("backend", "info", "Applied 0 pricing rules to product 42"),
                ("backend", "info", "Product 42 request completed"),
                ("frontend", "info", "Product 42 fetch completed"),
            ],
        ),
        (
            "/",
            [
                ("frontend", "info", "Fetching home page data"),
                ("backend", "info", "Processing data request"),
                ("backend", "info", "Cache miss for orders:newest"),
                ("database", "info", "Querying table orders from database"),
                ("database", "info", "Transaction committed"),
                ("backend", "info", "Data request completed"),
                ("frontend", "info", "Home page data fetch completed"),
            ],
        ),
        (
            "/user/999999",
            [
                ("frontend", "info", "Fetching user 999999"),
                ("backend", "info", "Processing user request for ID: 999999"),
                ("backend", "info", "Cache miss for user:999999"),
                ("database", "info", "Querying user 999999 from database"),
                ("database", "info", "Transaction committed"),
                ("database", "warning", "GET /db/user/<id> failed: there is no user 999999"),
                ("backend", "warning", "GET /api/user/<id> failed: there is no user 999999"),
                ("frontend", "warning", "Backend call failed: there is no user 999999"),
                ("frontend", "warning", "GET /user/<id> failed: there is no user 999999"),
            ],
        ),
    ],
)
def test_a_request_leaves_its_log_lines_in_every_tier(
    chain: Chain, path: str, messages: list[tuple[str, str, str]]
) -> None:
    trace_id = chain.get(path).headers["X-Trace-Id"]
    lines = chain.receiver.lines_of(trace_id, len(messages))
    assert [(line["service"], line["level"], line["message"]) for line in lines] == messages
    written_in = {line["span_id"] for line in lines}
    until(lambda: written_in <= {span.span_id for span in chain.receiver.spans if span.trace_id == trace_id})


def test_log_streams_have_few_labels(chain: Chain) -> None:
    chain.get("/user/123")
    until(lambda: {stream["service"] for stream in chain.receiver.streams} == {"frontend", "backend", "database"})
    assert {frozenset(stream) for stream in chain.receiver.streams} == {frozenset(("service", "level"))}


METRICS = {
    "frontend": {
        "frontend_requests": ("counter", {"method", "endpoint", "status"}),
        "frontend_request_duration_seconds": ("histogram", {"endpoint"}),
        "frontend_active_users": ("gauge", set()),
        "frontend_errors": ("counter", {"type"}),
    },
    "backend": {
        "backend_requests": ("counter", {"method", "endpoint", "status"}),
        "backend_request_duration_seconds": ("histogram", {"endpoint"}),
        "backend_database_calls": ("counter", {"operation", "status"}),
        "backend_cache_operations": ("counter", {"operation"}),
        "backend_processing_time_seconds": ("histogram", {"operation"}),
    },
    "database": {
        "database_queries": ("counter", {"operation", "table", "status"}),
        "database_query_duration_seconds": ("histogram", {"operation", "table"}),
        "database_connection_pool_active": ("gauge", set()),
        "database_slow_queries": ("counter", {"table"}),
        "database_table_size_bytes": ("gauge", {"table"}),
        "database_transactions": ("counter", {"status"}),
    },
}


@pytest.fixture(scope="module")
def slow_chain_metrics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each tier's metrics after a fixed set of requests to a new chain in which every query is slow."""
    log = tmp_path_factory.mktemp("chain") / "output.log"
    with run_chain(log, DATABASE_LATENCY_SCALE="0.1", DATABASE_SLOW_QUERY_SECONDS="0") as chain:
        for path in ("/", "/user/123", "/user/123", "/product/42", "/user/999999", "/user/abc", "/nowhere"):
            chain.get(path, User_Agent="test")
        return {tier: chain.metrics(tier) for tier in METRICS}


@pytest.mark.parametrize("tier", METRICS)
def test_each_tier_has_exactly_the_metrics_of_the_contract(slow_chain_metrics: dict[str, str], tier: str) -> None:
    found = {
        family.name: (
            family.type,
            {label for sample in family.samples for label in sample.labels if label not in ("le", "quantile")},
        )
        for family in text_string_to_metric_families(slow_chain_metrics[tier])
        if not family.name.startswith(("python_", "process_", "lab_"))
    }
    assert found == METRICS[tier]


def counts(text: str, sample_name: str) -> dict[tuple[str, ...], float]:
    """As `values`, of what has happened: the counters that stand at 0 are left out."""
    return {labels: value for labels, value in values(text, sample_name).items() if value}


def values(text: str, sample_name: str) -> dict[tuple[str, ...], float]:
    """Label values, in alphabetical order of their labels -> the sample's value."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == sample_name
    }


def test_the_requests_made_are_the_requests_counted(slow_chain_metrics: dict[str, str]) -> None:
    assert counts(slow_chain_metrics["frontend"], "frontend_requests_total") == {
        ("/", "GET", "200"): 1,
        ("/user/<id>", "GET", "200"): 2,
        ("/product/<id>", "GET", "200"): 1,
        ("/user/<id>", "GET", "404"): 1,
        ("/user/<id>", "GET", "400"): 1,
        ("<unmatched>", "GET", "404"): 1,
    }
    assert values(slow_chain_metrics["frontend"], "frontend_errors_total") == {
        ("user_not_found",): 1,
        ("invalid_user_id",): 1,
        ("not_found",): 1,
    }
    assert values(slow_chain_metrics["frontend"], "frontend_active_users") == {(): 1}
    assert values(slow_chain_metrics["backend"], "backend_cache_operations_total") == {("hit",): 1, ("miss",): 4}
    assert values(slow_chain_metrics["backend"], "backend_database_calls_total") == {
        ("query", "success"): 1,
        ("get_user", "success"): 1,
        ("get_user", "not_found"): 1,
        ("get_product", "success"): 1,
    }
    assert values(slow_chain_metrics["backend"], "backend_processing_time_seconds_count") == {
        ("validate_user_id",): 2,
        ("apply_pricing_rules",): 1,
        ("summarize_orders",): 1,
    }
    database = slow_chain_metrics["database"]
    assert values(database, "database_slow_queries_total") == {
        ("orders",): 1,
        ("users",): 2,
        ("products",): 1,
        ("inventory",): 1,
    }
    assert values(database, "database_transactions_total") == {("committed",): 4, ("rolled_back",): 0}
    assert values(database, "database_connection_pool_active") == {(): 0}
    assert values(database, "lab_database_connection_pool_size") == {(): 10}
    assert set(values(database, "database_table_size_bytes")) == {
        ("users",),
        ("products",),
        ("inventory",),
        ("orders",),
    }


def test_what_can_go_wrong_is_counted_from_zero(slow_chain_metrics: dict[str, str]) -> None:
    for tier, routes in (
        ("frontend", ("/", "/user/<id>", "/product/<id>")),
        ("backend", ("/api/data", "/api/user/<id>", "/api/product/<id>")),
    ):
        known = values(slow_chain_metrics[tier], f"{tier}_requests_total")
        assert {known[route, "GET", status] for route in routes for status in ("500", "503")} == {0}
    known = values(slow_chain_metrics["database"], "database_queries_total")
    assert {known["SELECT", "error", table] for table in ("users", "products", "inventory", "orders")} == {0}


def test_every_service_tells_its_version(slow_chain_metrics: dict[str, str]) -> None:
    for page in slow_chain_metrics.values():
        assert values(page, "lab_service_info") == {("1.0.0",): 1}


@pytest.mark.parametrize(
    "histogram",
    ["frontend_request_duration_seconds", "backend_request_duration_seconds", "database_query_duration_seconds"],
)
def test_durations_carry_a_trace_as_exemplar(slow_chain_metrics: dict[str, str], histogram: str) -> None:
    text = slow_chain_metrics[histogram.split("_", maxsplit=1)[0]]
    assert re.search(rf'^{histogram}_bucket\{{.*\}} \S+ # \{{trace_id="[0-9a-f]{{32}}"\}}', text, re.MULTILINE)
