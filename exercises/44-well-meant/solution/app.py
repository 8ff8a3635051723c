"""A library that lends books. Somebody has instrumented it, and somebody else has mended that."""

import time

from flask import Flask, Response, request
from opentelemetry import trace
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

app = Flask(__name__)
tracer = trace.get_tracer("library")

REQUESTS = Counter("library_requests_total", "Requests by route and answer.", ["route", "status"])
LENDING = Histogram("library_lending_seconds", "How long lending takes, whatever comes of it.")

#: Asked by machines, all day long.
NOT_COUNTED = ("/metrics", "/health")

BOOKS = {number: f"Volume {number}" for number in range(1, 31)}
LENT = {30}


class AlreadyLent(Exception):
    """Somebody else is reading it."""


@app.after_request
def count(response):
    route = request.url_rule.rule if request.url_rule else "none"
    if route not in NOT_COUNTED:
        REQUESTS.labels(route=route, status=response.status_code).inc()
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
    try:
        with LENDING.time():
            lend(request.get_json()["book"])
    except AlreadyLent as lent:
        return {"error": str(lent)}, 409
    return {"until": "in two weeks"}, 201


def lend(number):
    with tracer.start_as_current_span("lend") as span:
        span.set_attribute("book.number", number)
        time.sleep(0.02)
        if number in LENT:
            raise AlreadyLent(f"{BOOKS[number]} is lent")
