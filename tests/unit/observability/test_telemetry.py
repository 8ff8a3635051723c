"""`setup` reads the standard variables; these tests give it an environment of their own and a real receiver."""

import json
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from observability import Telemetry, setup
from observability.metrics import expose
from tests.stand_in import StandIn


@pytest.fixture
def made() -> Iterator[list[Telemetry]]:
    made: list[Telemetry] = []
    yield made
    for telemetry in made:
        telemetry.shutdown()


def make(made: list[Telemetry], **environ: str) -> Telemetry:
    telemetry = setup("frontend", namespace="chain", version="1.0.0", environ={"LOG_CONSOLE": "false", **environ})
    made.append(telemetry)
    return telemetry


def test_spans_and_lines_arrive_with_the_same_service_and_trace(backend: StandIn, made: list[Telemetry]) -> None:
    backend.answer = lambda method, path: (204 if "loki" in path else 200, b"")
    telemetry = make(made, OTEL_EXPORTER_OTLP_ENDPOINT=backend.url, LOKI_URL=backend.url)
    with telemetry.span("frontend_get_user") as span:
        telemetry.logger.info("Fetching user %s", 123)
    assert telemetry.flush()
    sent = {path: json.loads(body) for _, path, _, body in backend.requests}
    resource = sent["/v1/traces"]["resourceSpans"][0]["resource"]["attributes"]
    attributes = {each["key"]: each["value"].get("stringValue") for each in resource}
    assert {key: attributes[key] for key in ("service.name", "service.namespace", "service.version")} == {
        "service.name": "frontend",
        "service.namespace": "chain",
        "service.version": "1.0.0",
    }
    assert attributes["deployment.environment.name"] == "lab"
    (stream,) = sent["/loki/api/v1/push"]["streams"]
    assert stream["stream"] == {"service": "frontend", "level": "info"}
    assert json.loads(stream["values"][0][1])["trace_id"] == f"{span.get_span_context().trace_id:032x}"


def test_the_environment_names_the_service(
    backend: StandIn, made: list[Telemetry], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The SDK reads these two itself, from the process's environment.
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop-frontend")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=workshop,team=blue")
    telemetry = make(made, LOKI_URL="", OTEL_TRACES_EXPORTER="none")
    attributes = telemetry.tracer_provider.resource.attributes  # type: ignore[union-attr]
    assert telemetry.service == "shop-frontend"
    assert (attributes["deployment.environment.name"], attributes["team"], attributes["service.version"]) == (
        "workshop",
        "blue",
        "1.0.0",
    )


def test_protobuf_is_the_sdks_own_exporter(backend: StandIn, made: list[Telemetry]) -> None:
    telemetry = make(
        made,
        LOKI_URL="",
        OTEL_EXPORTER_OTLP_ENDPOINT=backend.url,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    with telemetry.span("frontend_get_user"):
        pass
    assert telemetry.flush()
    ((_, path, headers, body),) = backend.requests
    content_types = [value for name, value in headers.items() if name.lower() == "content-type"]
    assert (path, content_types) == ("/v1/traces", ["application/x-protobuf"])
    request = ExportTraceServiceRequest.FromString(body)
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "frontend_get_user"


def test_a_variable_for_traces_alone_wins(backend: StandIn, made: list[Telemetry]) -> None:
    telemetry = make(
        made,
        LOKI_URL="",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=backend.url + "/custom/traces",
        OTEL_EXPORTER_OTLP_HEADERS="X-Team=red",
        OTEL_EXPORTER_OTLP_TRACES_HEADERS="X-Team=blue%20one",
    )
    with telemetry.span("frontend_get_user"):
        pass
    assert telemetry.flush()
    ((_, path, headers, _),) = backend.requests
    assert (path, headers["X-Team"]) == ("/custom/traces", "blue one")


def test_disabled_everything_still_works_and_nothing_leaves(backend: StandIn, made: list[Telemetry]) -> None:
    telemetry = make(made, OTEL_SDK_DISABLED="true", OTEL_EXPORTER_OTLP_ENDPOINT=backend.url, LOKI_URL=backend.url)
    with telemetry.span("frontend_get_user", {"user.id": 1}) as span:
        span.set_attribute("a", 1)
        telemetry.logger.error("Fetching user %s", 123)
    assert telemetry.flush()
    assert backend.requests == []
    with pytest.raises(KeyError), telemetry.span("x"):
        raise KeyError


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/json or http/protobuf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "deflate", "none or gzip"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "-1", "more than 0"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon", "OTEL_BSP_SCHEDULE_DELAY"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "secret", "key=value"),
        ("LOG_LEVEL", "LOUD", "expected DEBUG"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(made: list[Telemetry], name: str, text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        make(made, LOKI_URL="", **{name: text})


def test_a_release_is_told_by_spans_that_begin_and_by_the_version_metric_until_the_next(
    backend: StandIn, made: list[Telemetry]
) -> None:
    telemetry = make(made, LOKI_URL="", OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
    versions = []
    for version in ("1.0.0", "1.1.0", "1.0.0"):
        telemetry.release(version)
        assert telemetry.version == version
        with telemetry.span(f"of {version}"):
            pass
        text, _ = expose(telemetry.registry, "")
        versions.append([line for line in text.decode().splitlines() if line.startswith("lab_service_info")])
    # What waits together leaves in one request, each span under its own release.
    assert telemetry.flush()
    assert versions == [[f'lab_service_info{{version="{version}"}} 1.0'] for version in ("1.0.0", "1.1.0", "1.0.0")]
    released = [
        (attribute["value"]["stringValue"], span["name"], len(resource_spans["resource"]["attributes"]))
        for _, _, _, body in backend.requests
        for resource_spans in json.loads(body)["resourceSpans"]
        for attribute in resource_spans["resource"]["attributes"]
        if attribute["key"] == "service.version"
        for span in resource_spans["scopeSpans"][0]["spans"]
    ]
    attributes = len(telemetry.tracer_provider.resource.attributes)  # type: ignore[union-attr]
    assert sorted(released) == [
        ("1.0.0", "of 1.0.0", attributes),
        ("1.0.0", "of 1.0.0", attributes),
        ("1.1.0", "of 1.1.0", attributes),
    ]


def test_what_is_changed_while_it_runs_does_nothing_where_telemetry_is_disabled(made: list[Telemetry]) -> None:
    telemetry = make(made, OTEL_SDK_DISABLED="true")
    telemetry.sample(0.1)
    telemetry.release("1.1.0")
    telemetry.clock.shift(10)
    telemetry.logger.correlated = False
    telemetry.status_lines.every(0.01)
    with telemetry.span("frontend_get_user"):
        telemetry.logger.error("Fetching user 123")
    assert (telemetry.version, telemetry.flush()) == ("", True)


def test_a_share_of_the_traces_is_sent(backend: StandIn, made: list[Telemetry]) -> None:
    telemetry = make(made, LOKI_URL="", OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
    telemetry.sample(0)
    with telemetry.span("lost"):
        pass
    telemetry.sample(1)
    with telemetry.span("kept"):
        pass
    assert telemetry.flush()
    ((_, _, _, body),) = backend.requests
    assert [span["name"] for span in json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]] == ["kept"]
    assert telemetry.registry.get_sample_value("lab_telemetry_emitted_total", {"signal": "spans"}) == 1
