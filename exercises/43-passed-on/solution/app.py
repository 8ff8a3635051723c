"""A parcel counter. Parcels go onto a pile; somebody in the back takes one after the other and calls the courier."""

import json
import os
import time
from queue import Queue
from threading import Thread
from urllib.request import Request, urlopen

from flask import Flask, request
from opentelemetry import trace
from opentelemetry.propagate import extract, inject

app = Flask(__name__)
tracer = trace.get_tracer("parcels")

#: The courier is a service of its own.
COURIER_URL = os.environ.get("COURIER_URL", "http://127.0.0.1:9")

PILE = Queue()


@app.post("/parcels")
def hand_in():
    wish = request.get_json()
    slip = {}
    inject(slip)
    PILE.put({"to": wish["to"], "grams": wish["grams"], "slip": slip})
    return {"waiting": PILE.unfinished_tasks}, 202


@app.get("/pile")
def pile():
    return {"waiting": PILE.unfinished_tasks}


def work_in_the_back():
    while True:
        parcel = PILE.get()
        try:
            deliver(parcel)
        except OSError as error:
            print(f"the courier does not answer: {error}")
        finally:
            PILE.task_done()


def deliver(parcel):
    context = extract(parcel["slip"])
    with tracer.start_as_current_span("deliver", context=context, kind=trace.SpanKind.CONSUMER) as span:
        span.set_attribute("parcel.grams", parcel["grams"])
        time.sleep(0.01)
        call_courier(parcel)


def call_courier(parcel):
    headers = {"Content-Type": "application/json"}
    inject(headers)
    tour = json.dumps({"grams": parcel["grams"]}).encode()
    with urlopen(Request(f"{COURIER_URL}/tours", tour, headers), timeout=5) as answer:
        answer.read()


Thread(target=work_in_the_back, daemon=True).start()
