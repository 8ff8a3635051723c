"""A car park with five spots. It writes what happens, for whoever sits in front of the screen."""

import logging
import sys

from flask import Flask, request

app = Flask(__name__)

log = logging.getLogger("parking")
log.setLevel(logging.INFO)
screen = logging.StreamHandler(sys.stdout)
screen.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
log.addHandler(screen)

FREE = ["P1", "P2", "P3", "P4", "P5"]
TAKEN = {}


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/cars")
def drive_in():
    plate = request.get_json()["plate"]
    if not FREE:
        log.info("no room for %s", plate)
        return {"error": "full"}, 409
    spot = FREE.pop(0)
    TAKEN[spot] = plate
    log.info("%s drives in", plate)
    return {"spot": spot}, 201


@app.post("/exits")
def drive_out():
    spot = request.get_json()["spot"]
    plate = TAKEN.pop(spot, None)
    if plate is None:
        log.info("nobody on the spot")
        return {"error": f"{spot} is empty"}, 404
    FREE.append(spot)
    log.info("%s drives out", plate)
    return {"free": len(FREE)}
