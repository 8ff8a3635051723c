"""What users and other clients get to see."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import re
import socket

import pytest
import requests

from tests.integration.chain.running_chain import Chain

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_a_user_is_answered_as_json_with_the_time_each_tier_took(chain: Chain) -> None:
    response = chain.get("/user/123")
    assert response.json() == {
        "user": {
            "id": 123,
            "name": "Hana Kowalski",
            "email": "hana.kowalski123@example.com",
            "city": "São Paulo",
            "country": "BR",
            "membership": "standard",
            "created_at": "2025-09-28T23:03:23Z",
        }
    }
    assert re.fullmatch(
        r'frontend;dur=\d+\.\d\d, backend;dur=\d+\.\d\d, database;dur=\d+\.\d\d, cache;desc="miss"',
        response.headers["Server-Timing"],
    )
    assert response.headers["Vary"] == "Accept"
    assert re.fullmatch("[0-9a-f]{32}", response.headers["X-Trace-Id"])


def test_a_product_is_answered_with_its_stock_and_its_price(chain: Chain) -> None:
    answer = chain.get("/product/42?quantity=10").json()
    assert set(answer) == {"product", "price"}
    assert set(answer["product"]) == {"id", "name", "category", "price_cents", "created_at", "inventory"}
    assert [set(stock) for stock in answer["product"]["inventory"]] == [
        {"warehouse", "quantity", "reserved", "available"}
    ] * len(answer["product"]["inventory"])
    assert answer["price"]["quantity"] == 10
    assert answer["price"]["total_cents"] == answer["price"]["unit_cents"] * 10


def test_the_newest_orders_come_first(chain: Chain) -> None:
    answer = chain.get("/").json()
    assert [order["id"] for order in answer["orders"]] == list(range(5000, 4990, -1))
    assert answer["summary"]["count"] == 10
    assert answer["summary"]["total_cents"] == sum(order["total_cents"] for order in answer["orders"])


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("/", ["<h1>Newest orders</h1>", 'href="/user/', 'href="/product/']),
        ("/user/123", ["<h1>Hana Kowalski</h1>", 'href="/user/122"', 'href="/user/124"']),
        ("/product/42?quantity=10", ["Product 42", "10 pieces:", 'href="/product/43"']),
    ],
)
def test_a_browser_gets_a_page_with_the_path_and_the_trace(chain: Chain, path: str, texts: list[str]) -> None:
    response = chain.get(path, Accept=BROWSER)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    trace_id = response.headers["X-Trace-Id"]
    for text in (
        *texts,
        "The path of this request",
        "cache miss",
        'aria-label="database: ',
        f"<code>{trace_id}</code>",
        f'href="http://127.0.0.1:8000/trace/{trace_id}"',
        f"%7C%3D+%22{trace_id}%22",
    ):
        assert text in response.text
    assert response.headers["Vary"] == "Accept"


def test_a_page_loads_nothing_and_allows_only_its_own_style(chain: Chain) -> None:
    response = chain.get("/user/123", Accept=BROWSER)
    (style,) = re.findall("<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert response.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert not re.search(r"<script|\sstyle=|\ssrc=|\son\w+=|url\(|@import", response.text)


@pytest.mark.parametrize(
    ("path", "status", "type"),
    [
        ("/user/abc", 400, "invalid_user_id"),
        ("/user/-1", 400, "invalid_user_id"),
        ("/user/0", 400, "invalid_user_id"),
        ("/user/%00", 400, "invalid_user_id"),
        ("/user/%D9%A1%D9%A2%D9%A3", 400, "invalid_user_id"),
        ("/user/%FF%FE", 400, "invalid_user_id"),
        ("/user/12345678901", 400, "invalid_user_id"),
        (f"/user/{'9' * 5000}", 400, "invalid_user_id"),
        ("/user/999999", 404, "user_not_found"),
        ("/product/abc", 400, "invalid_product_id"),
        ("/product/0", 400, "invalid_product_id"),
        ("/product/999999", 404, "product_not_found"),
        ("/product/42?quantity=0", 400, "invalid_quantity"),
        ("/product/42?quantity=many", 400, "invalid_quantity"),
        ("/product/42?quantity=1&quantity=2", 400, "invalid_quantity"),
        ("/user/", 404, "not_found"),
        ("/user/1/2", 404, "not_found"),
        ("/nowhere", 404, "not_found"),
    ],
)
def test_what_cannot_be_answered_is_refused_as_json_and_as_a_page(
    chain: Chain, path: str, status: int, type: str
) -> None:
    response = chain.get(path)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (status, type)
    assert error["trace_id"] == response.headers["X-Trace-Id"]
    assert len(error["message"]) < 250
    page = chain.get(path, Accept=BROWSER)
    assert page.status_code == status
    assert f"Error {status}" in page.text
    assert page.headers["X-Trace-Id"] in page.text


def test_an_invalid_id_does_not_reach_the_backend(chain: Chain) -> None:
    trace_id = chain.get("/user/abc").headers["X-Trace-Id"]
    after = chain.get("/user/123").headers["X-Trace-Id"]
    chain.receiver.trace(after, 10)
    assert [span.name for span in chain.receiver.trace(trace_id, 1)] == ["frontend_get_user"]


def test_what_a_client_sends_is_escaped_in_the_page(chain: Chain) -> None:
    page = chain.get("/user/%3Cscript%3Ealert(1)%3C%2Fscript%3E", Accept=BROWSER)
    assert "<script" not in page.text
    page = chain.get("/user/%3Cimg%20onerror=x%3E", Accept=BROWSER)
    assert "<img" not in page.text


@pytest.mark.parametrize("tier", ["frontend", "backend", "database"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_wrong_method_is_refused_as_json(chain: Chain, tier: str, method: str) -> None:
    path = {"frontend": "/user/1", "backend": "/api/user/1", "database": "/db/user/1"}[tier]
    response = requests.request(method, chain.url(tier, path), data=b'{"broken', timeout=10)
    assert (response.status_code, response.json()["error"]["type"]) == (405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_an_id_of_ten_megabytes_is_refused_and_the_service_lives_on(chain: Chain) -> None:
    with socket.create_connection(("127.0.0.1", chain.ports["frontend"]), timeout=10) as connection:
        head = b""
        # It may be refused before all of it was sent.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(b"GET /user/" + b"9" * 10_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head = connection.recv(1000)
    assert head == b"" or re.match(rb"HTTP/1\.1 4\d\d ", head)
    assert chain.get("/user/123").status_code == 200


def test_a_very_long_id_that_still_fits_leaves_a_short_log_line(chain: Chain) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", chain.ports["frontend"], timeout=10)
    connection.request("GET", "/user/" + "9" * 50_000)
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == 400
    (line,) = chain.receiver.lines_of(str(response.getheader("X-Trace-Id")), 1)
    assert len(str(line)) < 1_500


def test_the_database_answers_queries(chain: Chain) -> None:
    query = (
        "/db/query?table=products&filter=category:eq:garden&filter=price_cents:le:10000&order=price_cents:desc&limit=5"
    )
    answer = chain.get(query, tier="database").json()
    prices = [row["price_cents"] for row in answer["rows"]]
    assert (answer["table"], answer["count"], len(prices)) == ("products", 5, 5)
    assert prices == sorted(prices, reverse=True)
    assert {row["category"] for row in answer["rows"]} == {"garden"}
    assert prices[0] <= 10_000


def test_the_database_refuses_sql_by_naming_what_is_allowed(chain: Chain) -> None:
    response = chain.get("/db/query?table=users;DROP%20TABLE%20users", tier="database")
    assert response.status_code == 400
    assert response.json()["error"]["hint"] == "one of: users, products, inventory, orders"
