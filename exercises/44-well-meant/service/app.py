"""A library that lends books. Somebody has instrumented it, and meant well."""

import time

from flask import Flask, Response, g, request
from opentelemetry import trace
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

app = Flask(__name__)
tracer = trace.get_tracer("library")

REQUESTS = Counter("library_requests_total", "Requests.", ["path", "status"])
LENDING = Histogram("library_lending_seconds", "How long lending takes.", buckets=(1, 5, 10, 50, 100, 500))

BOOKS = {number: f"Volume {number}" for number in range(1, 31)}
LENT = {30}


class AlreadyLent(Exception):
    """Somebody else is reading it."""


@app.after_request
def count(response):
    REQUESTS.labels(path=request.path, status=response.status_code).inc()
    return response


@app.get("/metrics")
def metrics():
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/books/<int:number>")
def book(number):
    if number not in BOOKS:
        return {"error": "we do not have it"}, 404
    return {"title": BOOKS[number]}


@app.post("/loans")
def borrow():
    g.started = time.time()
    try:
        lend(request.get_json()["book"])
    except AlreadyLent as lent:
        return {"error": str(lent)}, 409
    LENDING.observe((time.time() - g.started) * 1000)
    return {"until": "in two weeks"}, 201


def lend(number):
    span = tracer.start_span("lend")
    span.set_attribute("book.number", number)
    time.sleep(0.02)
    if number in LENT:
        raise AlreadyLent(f"{BOOKS[number]} is lent")
    span.end()
