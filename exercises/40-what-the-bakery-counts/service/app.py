"""A bakery that bakes to order. It answers every order well, and nobody can see how it is doing."""

import time

from flask import Flask, request

app = Flask(__name__)

#: How long each product is in the oven. (It is a fast oven.)
BAKING_SECONDS = {"rolls": 0.01, "croissants": 0.02, "bread": 0.25}


class Burnt(Exception):
    """It was in the oven for as long as it should, and still."""


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
        return {"error": f"we bake no {product}"}, 404
    try:
        bake(product)
    except Burnt as burnt:
        return {"error": str(burnt)}, 503
    return {"sold": product}, 201


def bake(product):
    time.sleep(BAKING_SECONDS[product])
    if product == "croissants":
        raise Burnt("the croissants are black")
