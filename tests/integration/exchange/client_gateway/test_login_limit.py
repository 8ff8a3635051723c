"""How often a password may be guessed, from wherever, and that whoever guesses shuts nobody out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from observability import Telemetry
from observability.errors import RequestError
from observability.redis import Redis
from systems.exchange.client_gateway.counts import Counts
from systems.exchange.client_gateway.login_limit import LoginLimit
from systems.exchange.client_gateway.metrics import GatewayMetrics
from tests.integration.exchange.backing import Watched
from tests.integration.exchange.client_gateway.conftest import Gateway, MakeGateway
from tests.integration.exchange.stand_in import Services

FAILURES = 3
#: A stretch that does not end while a test runs.
LIMITS = {"RATE_LIMIT_FAILED_LOGINS": str(FAILURES), "RATE_LIMIT_FAILED_LOGINS_SECONDS": "1000000000"}
WRONG = (401, {"error": {"type": "wrong_credentials", "message": "no"}})
RIGHT = (200, {"token": "t", "expires_at": "", "user": {}})
BUSY = (503, {"error": {"type": "too_many_passwords", "message": "later"}})
HOME = "198.51.100.1"


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> Gateway:
    return make_gateway(**LIMITS)


def log_in(gateway: Gateway, username: str = "ada", address: str = "203.0.113.7") -> Any:
    return gateway.client.post(
        "/auth/login", json={"username": username, "password": "a guess"}, environ_base={"REMOTE_ADDR": address}
    )


def statuses(gateway: Gateway, count: int, username: str = "ada") -> list[int]:
    """Of so many logins, each from another address."""
    return [log_in(gateway, username, f"203.0.113.{number}").status_code for number in range(count)]


def test_after_some_failures_nobody_looks_at_the_password_any_more(gateway: Gateway, services: Services) -> None:
    services.answers["POST /login"] = WRONG
    assert statuses(gateway, FAILURES + 2) == [401] * FAILURES + [429] * 2
    assert len(services.asked) == FAILURES

    services.answers["POST /login"] = RIGHT
    refused = log_in(gateway)
    assert (refused.status_code, refused.json["error"]["type"]) == (429, "too_many_failed_logins")
    assert int(refused.headers["Retry-After"]) >= 1
    assert len(services.asked) == FAILURES


def test_an_account_that_is_none_is_refused_in_the_same_words(gateway: Gateway, services: Services) -> None:
    services.answers["POST /login"] = WRONG
    told = []
    for username in ("ada", "nobody at all", "\u0130" * 200):
        statuses(gateway, FAILURES, username)
        answer = log_in(gateway, username)
        error = answer.json["error"]
        del error["trace_id"]
        told.append((answer.status_code, {**error, "hint": None}, sorted(answer.headers.keys())))
    assert told[0] == told[1] == told[2]


def test_other_accounts_are_not_concerned_and_capitals_make_no_other_account(
    gateway: Gateway, services: Services
) -> None:
    services.answers["POST /login"] = WRONG
    statuses(gateway, FAILURES)
    assert log_in(gateway, "bob").status_code == 401
    assert log_in(gateway, "ADA").status_code == 429


def test_a_login_that_succeeds_forgets_the_failures_before_it(gateway: Gateway, services: Services) -> None:
    # At first as a stranger, from then on as somebody who is known there.
    for _ in range(3):
        services.answers["POST /login"] = WRONG
        assert [log_in(gateway).status_code for _ in range(FAILURES - 1)] == [401] * (FAILURES - 1)
        services.answers["POST /login"] = RIGHT
        assert log_in(gateway).status_code == 200


def test_whoever_guesses_elsewhere_does_not_shut_the_owner_out(gateway: Gateway, services: Services) -> None:
    services.answers["POST /login"] = RIGHT
    assert log_in(gateway, address=HOME).status_code == 200
    services.answers["POST /login"] = WRONG
    assert statuses(gateway, FAILURES + 5)[-1] == 429

    assert log_in(gateway, address=HOME).status_code == 401
    services.answers["POST /login"] = RIGHT
    assert log_in(gateway, address=HOME).status_code == 200
    # What the owner can do makes nobody else's guesses good.
    assert log_in(gateway).status_code == 429


def test_where_the_owner_has_been_guesses_are_limited_too(gateway: Gateway, services: Services) -> None:
    services.answers["POST /login"] = RIGHT
    log_in(gateway, address=HOME)
    services.answers["POST /login"] = WRONG
    answers = [log_in(gateway, address=HOME).status_code for _ in range(FAILURES + 1)]
    assert answers == [401] * FAILURES + [429]
    assert log_in(gateway).status_code == 401


def test_what_nobody_looked_at_was_no_guess(gateway: Gateway, services: Services) -> None:
    services.answers["POST /login"] = BUSY
    assert statuses(gateway, 3 * FAILURES) == [503] * 3 * FAILURES
    services.answers["POST /login"] = WRONG
    assert statuses(gateway, FAILURES + 1) == [401] * FAILURES + [429]


def test_several_gateways_count_together(make_gateway: MakeGateway, services: Services) -> None:
    services.answers["POST /login"] = WRONG
    one, other = make_gateway(**LIMITS), make_gateway(**LIMITS)
    assert statuses(one, FAILURES - 1) + statuses(other, 2) == [401] * FAILURES + [429]
    assert log_in(one).status_code == 429


def test_of_many_guesses_at_once_no_more_get_through(make_gateway: MakeGateway, services: Services) -> None:
    services.answers["POST /login"] = WRONG
    gateways = [make_gateway(**LIMITS) for _ in range(2)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: log_in(gateways[n % 2], address=f"203.0.113.{n}").status_code, range(40)))
    assert sorted(answers) == [401] * FAILURES + [429] * (40 - FAILURES)
    assert len(services.asked) == FAILURES


def test_without_redis_each_gateway_holds_the_limit(
    make_gateway: MakeGateway, services: Services, nowhere: str
) -> None:
    gateway = make_gateway(**LIMITS, EXCHANGE_REDIS_URL=f"redis://{nowhere}/0")
    services.answers["POST /login"] = WRONG
    assert statuses(gateway, FAILURES - 1) == [401] * (FAILURES - 1)
    services.answers["POST /login"] = RIGHT
    assert log_in(gateway).status_code == 200
    services.answers["POST /login"] = WRONG
    assert statuses(gateway, FAILURES + 1) == [401] * FAILURES + [429]


def test_it_is_counted_and_told_once_without_name_password_and_address(
    gateway: Gateway, services: Services, exchange_telemetry: Watched
) -> None:
    services.answers["POST /login"] = WRONG
    for _ in range(FAILURES + 3):
        log_in(gateway, "ada.lovelace", "203.0.113.77")

    assert gateway.value("exchange_rate_limited_total", scope="account") == 3
    (line,) = [line for line in exchange_telemetry.lines if "account" in line.fields]
    assert line.message.startswith("Too many logins of an account have failed: refused for ")
    assert line.fields["client.address"] == "203.0.113.0/24"
    lines = repr([(line.message, line.fields) for line in exchange_telemetry.lines])
    spans = repr([dict(span.attributes or {}) for span in exchange_telemetry.spans])
    assert "203.0.113.77" not in lines
    for secret in ("lovelace", "a guess"):
        assert secret not in lines + spans


def test_a_refusal_ends_with_the_stretch_however_much_is_tried_until_then(redis: Redis, telemetry: Telemetry) -> None:
    now = [6_000.0]
    limit = LoginLimit(
        Counts(redis, "failed_logins", stretch_seconds=600, clock=lambda: now[0]),
        redis,
        GatewayMetrics(telemetry.registry).rate_limited_total,
        telemetry.logger,
        failures=FAILURES,
    )

    def guess() -> int:
        with pytest.raises(RequestError) as told, limit.trying("ada", "203.0.113.7"):
            raise RequestError(401, "wrong_credentials", "no")
        return told.value.status

    assert [guess() for _ in range(FAILURES)] == [401] * FAILURES
    for now[0] in range(6_000, 6_600, 20):
        assert guess() == 429
    now[0] = 6_600.0
    assert guess() == 401
    assert limit.trying("bob", "203.0.113.7").__enter__() is None


def test_neighbours_in_ipv6_are_one_caller(make_gateway: MakeGateway, services: Services) -> None:
    gateway = make_gateway(RATE_LIMIT_CREDENTIALS="2")
    services.answers["POST /login"] = WRONG
    answers = [log_in(gateway, f"user-{n}", f"2001:db8::{n:x}").status_code for n in range(1, 12)]
    # A stretch of ten seconds may end in the middle.
    assert answers.count(429) >= 7
