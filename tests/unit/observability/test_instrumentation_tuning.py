"""The tuned instrumentation records what the untuned one records. The untuned one runs in a process of its own."""

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import json, os, sys
os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http"
if sys.argv[1] == "tuned":
    from observability.instrumentation_tuning import tune
    tune()
    tune()
import flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
app = flask.Flask("x")
app.add_url_rule("/user/<id>", view_func=lambda id: ("boom", 500) if id == "500" else {"id": id}, endpoint="user")
FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
client = app.test_client()
for path, headers in [
    ("/user/1?a=b", {"User-Agent": "curl/8", "X-Lab": "yes"}),
    ("/user/500", {"User-Agent": "Googlebot/2.1"}),
    ("/nope", {}),
    ("/user/1", {"Host": "lab.example:8080", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}),
]:
    client.get(path, headers=headers)
print(json.dumps([
    [span.name, span.kind.name, span.status.status_code.name, dict(span.attributes), bool(span.parent)]
    for span in exporter.get_finished_spans()
]))
"""


def spans(mode: str, **environ: str) -> Any:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode], capture_output=True, text=True, check=True, env={"PATH": "", **environ}
    )
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {
            "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": "X-Lab",
            "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE": "Content-Type",
        },
    ],
)
def test_spans_are_the_same_with_and_without(environ: dict[str, str]) -> None:
    untuned = spans("untuned", **environ)
    assert spans("tuned", **environ) == untuned
    assert len(untuned) == 4
    assert ("http.request.header.x_lab" in untuned[0][3]) == bool(environ)
