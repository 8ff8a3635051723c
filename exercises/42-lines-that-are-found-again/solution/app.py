"""A car park with five spots. It writes what happens, so that it can be found again."""

import json
import logging
import sys

from flask import Flask, request
from opentelemetry import trace

app = Flask(__name__)


class JsonFormatter(logging.Formatter):
    """A JSON object for each line, with the ids of the span that was current when it was written."""

    def format(self, record):
        context = trace.get_current_span().get_span_context()
        line = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "trace_id": format(context.trace_id, "032x"),
            "span_id": format(context.span_id, "016x"),
        }
        if hasattr(record, "spot"):
            line["spot"] = record.spot
        return json.dumps(line)


log = logging.getLogger("parking")
log.setLevel(logging.INFO)
screen = logging.StreamHandler(sys.stdout)
screen.setFormatter(JsonFormatter())
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
        log.warning("no room")
        return {"error": "full"}, 409
    spot = FREE.pop(0)
    TAKEN[spot] = plate
    log.info("drives in", extra={"spot": spot})
    return {"spot": spot}, 201


@app.post("/exits")
def drive_out():
    spot = request.get_json()["spot"]
    plate = TAKEN.pop(spot, None)
    if plate is None:
        log.info("nobody on the spot", extra={"spot": spot})
        return {"error": f"{spot} is empty"}, 404
    FREE.append(spot)
    log.info("drives out", extra={"spot": spot})
    return {"free": len(FREE)}
