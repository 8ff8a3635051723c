"""A bakery that bakes to order, and tells how it is doing."""

import time

from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

app = Flask(__name__)

ORDERS = Counter("bakery_orders_total", "Orders, by what became of them.", ["result"])
BAKING = Histogram("bakery_baking_seconds", "Time in the oven, whatever came out of it.")
IN_OVEN = Gauge("bakery_in_oven", "What is in the oven at this moment.")

#: How long each product is in the oven. (It is a fast oven.)
BAKING_SECONDS = {"rolls": 0.01, "croissants": 0.02, "bread": 0.25}


class Burnt(Exception):
    """It was in the oven for as long as it should, and still."""


@app.get("/metrics")
def metrics():
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/menu")
def menu():
    return {"products": sorted(BAKING_SECONDS)}


@app.post("/orders")
def order():
    product = request.get_json()["product"]
    if product not in BAKING_SECONDS:
        ORDERS.labels(result="refused").inc()
        return {"error": f"we bake no {product}"}, 404
    try:
        bake(product)
    except Burnt as burnt:
        ORDERS.labels(result="burnt").inc()
        return {"error": str(burnt)}, 503
    ORDERS.labels(result="sold").inc()
    return {"sold": product}, 201


def bake(product):
    with IN_OVEN.track_inprogress(), BAKING.time():
        time.sleep(BAKING_SECONDS[product])
        if product == "croissants":
            raise Burnt("the croissants are black")
