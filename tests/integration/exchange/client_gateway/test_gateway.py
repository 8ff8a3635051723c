"""Who may come in, how often, what is passed on, and what becomes of refusals and failures."""

from __future__ import annotations

import pytest

from systems.exchange.client_gateway.operations import OPERATIONS
from systems.exchange.tokens import Tokens
from tests.integration.exchange.backing import Watched
from tests.integration.exchange.client_gateway.conftest import KEYS, Gateway, MakeGateway
from tests.integration.exchange.stand_in import Services

TICKET = {"symbol": "ACRN", "side": "buy", "type": "limit", "quantity": 3, "price_cents": 4200}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (each.method, each.path.replace("{id}", "7").replace("{symbol}", "ACRN"))
        for each in OPERATIONS
        if each.needs_token
    ],
)
def test_without_a_token_nothing_of_anybodys_is_shown_or_changed(
    gateway: Gateway, services: Services, method: str, path: str
) -> None:
    response = gateway.client.open(path, method=method)
    assert response.status_code == 401
    assert response.json is not None
    assert response.json["error"]["type"] == "token_missing"
    assert services.asked == []


def test_a_token_of_another_key_is_refused_before_anybody_is_asked(
    gateway: Gateway, services: Services, exchange_telemetry: Watched
) -> None:
    forged = Tokens("x" * 40, exchange_telemetry.of("forger")).issue(13, "ada").text
    response = gateway.ask("GET", "/wallet", Authorization=f"Bearer {forged}")
    assert (response.status_code, response.json["error"]["type"]) == (401, "unknown_token_key")
    assert services.asked == []


def test_whether_a_token_was_taken_back_is_asked_once_and_then_remembered(gateway: Gateway, services: Services) -> None:
    gateway.ask("GET", "/v1/orders")
    gateway.ask("GET", "/v1/orders")
    assert [path for _, path, _ in services.asked] == ["/me", "/orders/user/13?limit=50", "/orders/user/13?limit=50"]


def test_a_token_that_was_taken_back_is_refused(gateway: Gateway, services: Services) -> None:
    services.answers["GET /me"] = (401, {"error": {"type": "revoked_token", "message": "logged out"}})
    response = gateway.ask("GET", "/v1/orders")
    assert (response.status_code, response.json["error"]["type"]) == (401, "revoked_token")
    assert [path for _, path, _ in services.asked] == ["/me"]


def test_after_logging_out_the_token_is_refused_here_and_at_other_gateways(
    gateway: Gateway, make_gateway: MakeGateway, services: Services
) -> None:
    gateway.ask("GET", "/v1/orders")
    assert gateway.ask("POST", "/auth/logout").status_code == 200
    for each in (gateway, make_gateway()):
        refused = each.ask("GET", "/v1/orders", Authorization=f"Bearer {gateway.token.text}")
        assert (refused.status_code, refused.json["error"]["type"]) == (401, "revoked_token")


def test_an_order_is_placed_for_whose_token_it_is_whatever_the_body_says(gateway: Gateway, services: Services) -> None:
    services.answers["POST /order"] = (201, {"order": {"id": 5}})
    refused = gateway.ask("POST", "/v1/order", {**TICKET, "user_id": 99})
    assert (refused.status_code, refused.json["error"]["fields"][0]["field"]) == (422, "user_id")
    placed = gateway.ask("POST", "/v1/order", {**TICKET, "client_order_id": "mine"})
    assert (placed.status_code, placed.json) == (201, {"order": {"id": 5}})
    assert services.asked[-1] == ("POST", "/order", {"user_id": 13, **TICKET, "client_order_id": "mine"})


def test_an_order_without_an_id_of_its_owner_gets_one_so_that_the_call_can_be_repeated(
    gateway: Gateway, services: Services
) -> None:
    services.answers["POST /order"] = (503, {"error": {"type": "postgresql_unavailable", "message": "away"}})
    gateway.ask("POST", "/v1/order", TICKET)
    first, second = (body["client_order_id"] for method, _, body in services.asked if method == "POST")
    assert first == second


@pytest.mark.parametrize("order_id", ["abc", "-1", "0", "1_0", "٣", "9" * 30, "1.5", "%00"])
def test_what_can_be_no_id_is_an_order_that_is_not_there(gateway: Gateway, services: Services, order_id: str) -> None:
    response = gateway.ask("DELETE", f"/v1/order/{order_id}")
    assert (response.status_code, response.json["error"]["type"]) == (404, "unknown_order")
    assert [path for _, path, _ in services.asked] == ["/me"]


def test_a_symbol_is_no_path_of_its_own(gateway: Gateway, services: Services) -> None:
    gateway.ask("GET", "/market/quotes/..%2F..%2Fmetrics")
    gateway.ask("GET", "/market/quotes/A%3Fx=1")
    assert [path for _, path, _ in services.asked] == ["/quotes/A%3Fx%3D1"]


def test_money_is_paid_in_once_however_often_the_same_request_comes(gateway: Gateway, services: Services) -> None:
    services.answers["GET /balance/13"] = (404, {"error": {"type": "no_wallet", "message": "none"}})
    services.answers["POST /update-balance/13"] = (200, {"asset": "USD", "available": 500, "blocked": 0})
    response = gateway.ask("POST", "/wallet/add-funds", {"amount_cents": 500}, **{"Idempotency-Key": "a-1"})
    assert response.json == {"asset": "USD", "available": 500, "blocked": 0}
    assert services.asked[-3:] == [
        ("GET", "/me", None),
        ("GET", "/balance/13", None),
        ("POST", "/update-balance/13", {"asset": "USD", "amount": 500, "idempotency_key": "user:13:a-1"}),
    ]


def test_whether_there_is_such_a_user_is_asked_once_for_each_deposit(gateway: Gateway, services: Services) -> None:
    services.answers["POST /update-balance/13"] = (200, {"asset": "USD", "available": 500, "blocked": 0})
    # Nothing is remembered of the token at first; what is remembered later is not enough.
    for deposit in (1, 2):
        gateway.ask("POST", "/wallet/add-funds", {"amount_cents": 500})
        assert [path for _, path, _ in services.asked].count("/me") == deposit


@pytest.mark.parametrize("body", [{}, {"amount_cents": 0}, {"amount_cents": 1.5}, {"amount_cents": "5"}, [], "x"])
def test_a_deposit_that_is_none_is_refused_with_its_field(gateway: Gateway, services: Services, body: object) -> None:
    response = gateway.ask("POST", "/wallet/add-funds", body)
    assert (response.status_code, response.json["error"]["type"]) == (422, "invalid_body")
    assert response.json["error"]["fields"]
    assert not any(method == "POST" for method, _, _ in services.asked)


def test_an_idempotency_key_that_cannot_be_stored_is_refused(gateway: Gateway) -> None:
    response = gateway.ask("POST", "/wallet/add-funds", {"amount_cents": 5}, **{"Idempotency-Key": "a b"})
    assert (response.status_code, response.json["error"]["type"]) == (422, "invalid_idempotency_key")


def test_who_never_paid_anything_in_has_an_empty_wallet(gateway: Gateway, services: Services) -> None:
    services.answers["GET /balance/13"] = (404, {"error": {"type": "no_wallet", "message": "none"}})
    assert gateway.ask("GET", "/wallet").json == {"user_id": 13, "balances": []}


def test_a_refusal_comes_through_with_its_status_and_body(gateway: Gateway, services: Services) -> None:
    services.answers["POST /order"] = (
        409,
        {"error": {"type": "insufficient_funds", "message": "12 too little", "hint": "pay in", "trace_id": "1"}},
    )
    response = gateway.ask("POST", "/v1/order", TICKET)
    error = response.json["error"]
    assert response.status_code == 409
    assert error.pop("trace_id") == response.headers["X-Trace-Id"]
    assert error == {"type": "insufficient_funds", "message": "12 too little", "hint": "pay in"}


def test_what_a_service_fails_at_is_a_502_that_names_it(gateway: Gateway, services: Services) -> None:
    services.answers["GET /positions/13"] = (500, {"error": {"type": "internal_error", "message": "secret"}})
    response = gateway.ask("GET", "/reports/positions")
    assert (response.status_code, response.json["error"]["type"]) == (502, "reporting-service_failed")
    assert "secret" not in response.text


def test_a_service_that_is_away_is_a_503_that_says_when_to_come_back(make_gateway: MakeGateway, nowhere: str) -> None:
    response = make_gateway(ORDER_MANAGER_URL=f"http://{nowhere}").ask("GET", "/v1/orders")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")


def test_an_overview_shows_what_there_is_and_says_what_is_missing(
    make_gateway: MakeGateway, services: Services, nowhere: str
) -> None:
    services.answers["GET /balance/13"] = (200, {"user_id": 13, "balances": []})
    services.answers["GET /orders/user/13"] = (200, {"orders": [], "next_before": None})
    response = make_gateway(REPORTING_SERVICE_URL=f"http://{nowhere}").ask("GET", "/v1/overview")
    assert response.status_code == 200
    assert response.json["wallet"] == {"user_id": 13, "balances": []}
    assert response.json["orders"] == {"orders": [], "next_before": None}
    assert response.json["positions"] is None
    assert [each["part"] for each in response.json["missing"]] == ["positions"]
    # All of them in the request's own trace.
    assert {headers["traceparent"].split("-")[1] for headers in services.headers} == {response.headers["X-Trace-Id"]}


def test_too_many_requests_of_a_user_are_refused_until_the_next_stretch(
    make_gateway: MakeGateway, services: Services
) -> None:
    gateway = make_gateway(RATE_LIMIT_REQUESTS="3")
    answers = [gateway.ask("GET", "/auth/me") for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]
    # The stretch may end in the middle.
    assert 2 <= len(refused) <= 5
    assert all(1 <= int(answer.headers["Retry-After"]) <= 10 for answer in refused)
    assert refused[0].json["error"]["type"] == "rate_limited"
    assert gateway.value("exchange_rate_limited_total", scope="user") == len(refused)


def test_guessing_passwords_is_limited_by_address(make_gateway: MakeGateway, services: Services) -> None:
    gateway = make_gateway(RATE_LIMIT_CREDENTIALS="2")
    services.answers["POST /login"] = (401, {"error": {"type": "wrong_credentials", "message": "no"}})
    body = {"username": "ada", "password": "guess"}
    statuses = [gateway.client.post("/auth/login", json=body).status_code for _ in range(6)]
    assert 429 in statuses
    assert len(services.asked) == statuses.count(401) <= 4


def test_without_redis_everything_goes_on_and_the_limit_holds(
    make_gateway: MakeGateway, services: Services, nowhere: str
) -> None:
    gateway = make_gateway(EXCHANGE_REDIS_URL=f"redis://{nowhere}/0", RATE_LIMIT_REQUESTS="3")
    statuses = [gateway.ask("GET", "/v1/orders").status_code for _ in range(8)]
    assert statuses.count(200) >= 3
    assert statuses.count(429) >= 2
    assert [path for _, path, _ in services.asked].count("/me") == statuses.count(200)


def test_pages_of_other_origins_may_ask_when_a_setting_says_so(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(CORS_ORIGINS="https://desk.example")
    asked_for = {"Access-Control-Request-Method": "DELETE"}
    allowed = gateway.client.options("/v1/order/1", headers={"Origin": "https://desk.example", **asked_for})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://desk.example"
    assert "DELETE" in allowed.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in allowed.headers["Access-Control-Allow-Headers"]
    other = gateway.client.options("/v1/order/1", headers={"Origin": "https://other.example", **asked_for})
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Origin" in other.vary


def test_by_itself_no_other_origin_may_ask(gateway: Gateway) -> None:
    response = gateway.client.get("/market/instruments", headers={"Origin": "https://desk.example"})
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "desk.example"),
        ("EXCHANGE_JWT_KEYS", "short"),
        ("RATE_LIMIT_REQUESTS", "0"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(make_gateway: MakeGateway, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        make_gateway(**{name: value})


def test_passwords_and_tokens_are_in_no_span_and_no_line(
    gateway: Gateway, services: Services, exchange_telemetry: Watched
) -> None:
    services.answers["POST /login"] = (200, {"token": "t", "expires_at": "", "user": {}})
    gateway.client.post("/auth/login", json={"username": "ada", "password": "a secret of ada"})
    gateway.client.post("/auth/register", json={"username": "ada", "email": "no", "password": "a secret of ada"})
    gateway.ask("GET", "/wallet")
    assert services.asked[0] == ("POST", "/login", {"username": "ada", "password": "a secret of ada"})
    told = repr([dict(span.attributes or {}) for span in exchange_telemetry.spans]) + repr(exchange_telemetry.lines)
    assert exchange_telemetry.named("verify_token")
    for secret in ("a secret of ada", gateway.token.text, KEYS):
        assert secret not in told


def test_the_page_runs_its_own_files_only_and_asks_only_us_and_the_stream(gateway: Gateway) -> None:
    response = gateway.client.get("/")
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
    assert policy["connect-src"] == "'self' ws://127.0.0.1:9243"
    assert response.mimetype == "text/html"


@pytest.mark.parametrize(
    "path", ["/page/../settings.py", "/page/__init__.py", "/page/nothing.js", "/page/%2e%2e/app.py"]
)
def test_the_page_has_no_way_to_other_files(gateway: Gateway, path: str) -> None:
    assert gateway.client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/page//index.html", "//page/index.html", "/v1//orders", "/market/quotes//ACRN"])
def test_nobody_is_sent_to_a_host_that_the_asker_named(gateway: Gateway, path: str) -> None:
    response = gateway.client.get(path, base_url="http://evil.example")
    assert response.status_code in (401, 404)
    assert "evil.example" not in f"{response.headers}{response.text}"


def test_a_file_the_browser_has_is_not_sent_again(gateway: Gateway) -> None:
    etag = gateway.client.get("/").headers["ETag"]
    assert gateway.client.get("/", headers={"If-None-Match": etag}).status_code == 304


def test_spans_are_named_by_method_and_path_without_ids(gateway: Gateway, exchange_telemetry: Watched) -> None:
    gateway.ask("GET", "/v1/order/7")
    gateway.ask("DELETE", "/v1/order/7")
    servers = [span.name for span in exchange_telemetry.spans if span.parent is None]
    # A query parameter names nobody's span: the user is an attribute.
    assert servers == ["generate_token", "GET /v1/order/{id}", "DELETE /v1/order/{id}"]
    (cancelled,) = exchange_telemetry.named("DELETE /v1/order/{id}")
    assert cancelled.attributes is not None
    assert cancelled.attributes["user.id"] == 13
