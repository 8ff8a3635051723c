"""Commands as spans, streams, and a Redis that is away."""

from __future__ import annotations

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from observability.redis import Redis, RedisUnavailable
from tests.integration.exchange.backing import RedisServer, Watched, until


def test_what_is_set_can_be_had_until_it_is_deleted(redis: Redis) -> None:
    assert redis.get("colour", name="GET colour") is None
    redis.set("colour", "red", name="SET colour", seconds=100)
    assert redis.get("colour", name="GET colour") == "red"
    assert 0 < redis.run("TTL", "colour", name="TTL colour") <= 100
    assert redis.delete("colour", "taste", name="DEL colour") == 1
    assert redis.get("colour", name="GET colour") is None


def test_a_counter_is_forgotten_after_its_time(redis: Redis) -> None:
    assert [redis.increment("calls", name="INCR calls", seconds=100) for _ in range(3)] == [1, 2, 3]
    assert 0 < redis.run("TTL", "calls", name="TTL calls") <= 100


def test_each_command_is_a_span_without_its_values(redis: Redis, exchange_telemetry: Watched) -> None:
    redis.set("session:1", "a-secret", name="SET session")

    (span,) = exchange_telemetry.spans
    assert (span.name, span.kind) == ("SET session", SpanKind.CLIENT)
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "redis"
    attributes = dict(span.attributes or {})
    assert attributes["db.system.name"] == attributes["peer.service"] == "redis"
    assert attributes["db.operation.name"] == "SET"
    assert attributes["server.address"] == "127.0.0.1"
    assert "secret" not in span.to_json()


def test_who_appends_calls_no_database_but_whoever_reads(redis: Redis, exchange_telemetry: Watched) -> None:
    redis.append("orders", {"event": 1}, name="PUBLISH order_created", keep=100)

    (span,) = exchange_telemetry.spans
    assert span.kind is SpanKind.PRODUCER
    # By any of these a service graph takes a span for a database's.
    assert {"db.namespace", "db.name", "db.system"} & set(span.attributes or {}) == set()


def test_what_one_of_a_group_has_read_the_other_does_not_get_until_it_takes_it_over(any_redis: RedisServer) -> None:
    any_redis.empty()
    redis = Redis(any_redis.url, Watched().of("test"))
    redis.create_group("orders", "engine")
    redis.create_group("orders", "engine")
    redis.append("orders", {"event": 1}, name="PUBLISH order_created", keep=100)
    redis.append("orders", {"event": 2}, name="PUBLISH order_created", keep=100)

    first, second = redis.read_group("engine", "one", ["orders"], wait_seconds=0.01)
    assert [(entry.stream, entry.fields["event"]) for entry in (first, second)] == [("orders", "1"), ("orders", "2")]
    assert redis.read_group("engine", "two", ["orders"], wait_seconds=0.01) == []
    redis.acknowledge("engine", "orders", first.id)
    assert redis.claim("engine", "two", "orders", idle_seconds=60) == []
    assert until(lambda: redis.claim("engine", "two", "orders", idle_seconds=0)) == [second]
    redis.close()


@pytest.mark.slow
def test_a_redis_that_is_away_is_told_soon_and_one_that_is_back_is_used_again(any_redis: RedisServer) -> None:
    telemetry = Watched()
    of_test = telemetry.of("test")
    redis = Redis(any_redis.url, of_test)
    redis.set("colour", "red", name="SET colour")
    assert of_test.registry.get_sample_value("redis_client_failures_total") == 0

    any_redis.kill()
    with pytest.raises(RedisUnavailable, match="redis did not answer: the connection failed"):
        redis.get("colour", name="GET colour")
    assert telemetry.spans[-1].status.status_code is StatusCode.ERROR
    assert of_test.registry.get_sample_value("redis_client_failures_total") == 1

    any_redis.start()
    assert redis.get("colour", name="GET colour") is None
    redis.check()
    redis.close()


def test_a_command_that_redis_refuses_is_told(redis: Redis) -> None:
    redis.set("colour", "red", name="SET colour")
    with pytest.raises(RedisUnavailable, match="not an integer"):
        redis.run("INCR", "colour", name="INCR colour")
