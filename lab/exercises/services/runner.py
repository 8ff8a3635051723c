"""The process that a learner's service runs in: `python -m lab.exercises.services.runner FOLDER`.

It does what `opentelemetry-instrument` does for a program that knows nothing of it: there is a tracer provider, and
every request has a span. All else is the business of `app.py`.
"""

import argparse
import importlib.util
import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from flask import Flask
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from werkzeug.serving import WSGIRequestHandler, make_server

from lab.exercises.services.versions import FILE_NAME

#: That it can write into one file.
MOST_BYTES = 20_000_000

_BETWEEN_LOOKS_SECONDS = 0.5


class SpanFile(SpanProcessor):
    """Writes a JSON line for every span that begins, and one for every span that ends."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._write("began", span)

    def on_end(self, span: ReadableSpan) -> None:
        self._write("ended", span)

    def _write(self, what: str, span: ReadableSpan) -> None:
        self._file.write(json.dumps({what: json.loads(span.to_json(indent=None))}) + "\n")
        self._file.flush()


class _QuietRequests(WSGIRequestHandler):
    """Without a line of the server's own for each request: what the service writes is what there is."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--parent", type=int, required=True, help="the process that it ends with")
    parser.add_argument("--socket", type=int, required=True, help="where it listens")
    parser.add_argument("--span-file", type=Path)
    parser.add_argument("--traces-endpoint", help="where spans are sent to by OTLP")
    options = parser.parse_args()

    threading.Thread(target=_end_with, args=(options.parent,), daemon=True).start()
    provider = TracerProvider(resource=Resource.create({"service.name": options.name}))
    if options.span_file is not None:
        # Whoever writes in a loop fills no disk while he is judged.
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, MOST_BYTES))
        provider.add_span_processor(SpanFile(options.span_file.open("w", encoding="utf-8")))
    if options.traces_endpoint:
        # Only here: a check has no use for it, and it takes its time.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=options.traces_endpoint)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    trace.set_tracer_provider(provider)
    # Before there is an app: the request's span has to be there when the app's own functions are called.
    FlaskInstrumentor().instrument()
    try:
        app = load_app(options.folder)
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_QuietRequests, fd=options.socket)
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        provider.shutdown()


def _end_with(parent: int) -> None:
    """Whoever has started it ends it as well; unless he was killed himself."""
    while os.getppid() == parent:
        time.sleep(_BETWEEN_LOOKS_SECONDS)
    os._exit(1)


def load_app(folder: Path) -> Flask:
    """Ends the process when there is none."""
    folder = folder.absolute()
    os.chdir(folder)
    # So that a second module beside it is found.
    sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location("app", folder / FILE_NAME)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["app"] = module
    spec.loader.exec_module(module)
    app = getattr(module, "app", None)
    if not isinstance(app, Flask):
        sys.exit(f"RuntimeError: {FILE_NAME} has no Flask application that is called `app`")
    return app


if __name__ == "__main__":
    main()
