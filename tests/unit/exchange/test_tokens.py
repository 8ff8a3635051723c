from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from observability import Telemetry, setup
from observability.light_spans import LightTracerProvider
from systems.exchange.tokens import TokenRefused, Tokens, read_keys

OLD, NEW, OTHER = "old" * 16, "new" * 16, "somebody else's" * 3


@pytest.fixture
def telemetry() -> Telemetry:
    return setup("user-service", namespace="exchange", version="1.0.0", environ={"OTEL_SDK_DISABLED": "true"})


def test_a_token_says_whose_it_is_until_it_expires(telemetry: Telemetry) -> None:
    tokens = Tokens(NEW, telemetry, lifetime_seconds=60)
    token = tokens.issue(13, "ada")
    claims = tokens.verify(token.text)
    assert (claims.user_id, claims.username) == (13, "ada")
    assert (claims.token_id, claims.expires_at) == (token.token_id, token.expires_at)


def test_each_token_has_an_id_of_its_own(telemetry: Telemetry) -> None:
    tokens = Tokens(NEW, telemetry)
    assert tokens.issue(13, "ada").token_id != tokens.issue(13, "ada").token_id


def test_a_token_of_the_key_before_is_still_believed_after_the_key_has_changed(telemetry: Telemetry) -> None:
    before = Tokens(OLD, telemetry).issue(13, "ada")
    after = Tokens(f"{NEW},{OLD}", telemetry)
    assert after.verify(before.text).user_id == 13
    # ... and new tokens are of the new key alone.
    assert Tokens(NEW, telemetry).verify(after.issue(14, "bob").text).user_id == 14


def test_a_token_of_a_key_that_was_taken_away_is_refused(telemetry: Telemetry) -> None:
    text = Tokens(OLD, telemetry).issue(13, "ada").text
    assert refusal(Tokens(NEW, telemetry), text) == "unknown_token_key"


def test_a_token_is_refused_when_it_has_expired(telemetry: Telemetry) -> None:
    text = Tokens(NEW, telemetry, lifetime_seconds=-60).issue(13, "ada").text
    assert refusal(Tokens(NEW, telemetry), text) == "expired_token"


def test_clocks_may_differ_by_the_leeway(telemetry: Telemetry) -> None:
    text = Tokens(NEW, telemetry, lifetime_seconds=-60).issue(13, "ada").text
    assert Tokens(NEW, telemetry, leeway_seconds=120).verify(text).user_id == 13


def test_a_token_whose_content_was_changed_is_refused(telemetry: Telemetry) -> None:
    tokens = Tokens(NEW, telemetry)
    header, payload, signature = tokens.issue(13, "ada").text.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["sub"] = "14"
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    assert refusal(tokens, f"{header}.{changed}.{signature}") == "forged_token"


def test_a_token_without_a_signature_is_refused(telemetry: Telemetry) -> None:
    tokens = Tokens(NEW, telemetry)
    key_id = next(iter(read_keys(NEW)))
    unsigned = jwt.encode({"sub": "13"}, None, algorithm="none", headers={"kid": key_id})
    assert refusal(tokens, unsigned) == "malformed_token"


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "Bearer x", "ä.ö.ü", "." * 2, "e30.e30.e30"])
def test_what_is_no_token_is_refused(telemetry: Telemetry, text: str) -> None:
    assert refusal(Tokens(NEW, telemetry), text) in ("malformed_token", "unknown_token_key")


@pytest.mark.parametrize("missing", ["sub", "name", "jti", "iss", "iat", "exp"])
def test_a_token_that_leaves_something_out_is_refused(telemetry: Telemetry, missing: str) -> None:
    claims: dict[str, Any] = {"sub": "13", "name": "ada", "jti": "1", "iss": "exchange", "iat": 1, "exp": 2**33}
    tokens = Tokens(NEW, telemetry)
    assert tokens.verify(signed(claims)).user_id == 13
    del claims[missing]
    assert refusal(tokens, signed(claims)) == "malformed_token"


@pytest.mark.parametrize("changed", [{"sub": "ada"}, {"iss": "another exchange"}, {"exp": "tomorrow"}])
def test_a_token_that_says_something_else_is_refused(telemetry: Telemetry, changed: dict[str, Any]) -> None:
    claims = {"sub": "13", "name": "ada", "jti": "1", "iss": "exchange", "iat": 1, "exp": 2**33, **changed}
    assert refusal(Tokens(NEW, telemetry), signed(claims)) == "malformed_token"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("", "EXCHANGE_JWT_KEYS is empty"),
        (" , ", "EXCHANGE_JWT_KEYS is empty"),
        ("short", "key 1 of EXCHANGE_JWT_KEYS has 5 bytes: expected 32 or more"),
        (f"{NEW},short", "key 2 of EXCHANGE_JWT_KEYS has 5 bytes: expected 32 or more"),
    ],
)
def test_keys_that_protect_nothing_are_told_of_at_the_start(keys: str, message: str, telemetry: Telemetry) -> None:
    with pytest.raises(ValueError, match=message):
        Tokens(keys, telemetry)


class TestSpans:
    @pytest.fixture
    def exporter(self) -> InMemorySpanExporter:
        return InMemorySpanExporter()

    @pytest.fixture
    def telemetry(self, exporter: InMemorySpanExporter) -> Iterator[Telemetry]:
        provider = LightTracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        silent = setup("user-service", namespace="exchange", version="1.0.0", environ={"OTEL_SDK_DISABLED": "true"})
        yield Telemetry(
            "user-service",
            enabled=True,
            logger=silent.logger,
            registry=CollectorRegistry(),
            tracer_provider=provider,
        )
        provider.shutdown()

    def test_tokens_are_seen_in_the_trace_and_cannot_be_read_there(
        self, telemetry: Telemetry, exporter: InMemorySpanExporter
    ) -> None:
        tokens = Tokens(NEW, telemetry)
        token = tokens.issue(13, "ada")
        tokens.verify(token.text)
        refusal(Tokens(OTHER, telemetry), token.text)
        issued, verified, refused = exporter.get_finished_spans()
        assert [scope_and_name(span) for span in (issued, verified, refused)] == [
            ("jwt", "generate_token"),
            ("jwt", "verify_token"),
            ("jwt", "verify_token"),
        ]
        assert dict(verified.attributes or {}) == {"user.id": 13}
        assert dict(refused.attributes or {}) == {"error.type": "unknown_token_key"}
        assert refused.status.is_unset
        told = " ".join(span.to_json() for span in (issued, verified, refused)) + repr(token)
        assert not any(part in told for part in token.text.split("."))


def refusal(tokens: Tokens, text: str) -> str:
    with pytest.raises(TokenRefused) as caught:
        tokens.verify(text)
    assert caught.value.status == 401
    return caught.value.type


def signed(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, NEW, headers={"kid": next(iter(read_keys(NEW)))})


def scope_and_name(span: ReadableSpan) -> tuple[str, str]:
    assert span.instrumentation_scope
    return span.instrumentation_scope.name, span.name
