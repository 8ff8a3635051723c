"""The ticket desk of a theatre. Who asks for seats gets them, or hears that they are taken."""

import time

from flask import Flask, request
from opentelemetry import trace

app = Flask(__name__)
tracer = trace.get_tracer("tickets")

ROWS = {"A": 12, "B": 14, "balcony": 20}
#: Sold before the desk opened.
TAKEN = {("B", 7)}


class SeatTaken(Exception):
    """Somebody else was faster."""


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/tickets")
def tickets():
    wish = request.get_json()
    try:
        hold_seats(wish["row"], wish["seats"])
    except SeatTaken as taken:
        return {"error": str(taken)}, 409
    return {"row": wish["row"], "seats": wish["seats"], "name": wish["name"]}, 201


def hold_seats(row, seats):
    with tracer.start_as_current_span("hold seats") as span:
        span.set_attribute("theatre.row", row)
        span.set_attribute("theatre.seats", len(seats))
        check_plan(row, seats)
        # The balcony is on paper.
        time.sleep(0.08 if row == "balcony" else 0.01)


def check_plan(row, seats):
    with tracer.start_as_current_span("check plan"):
        time.sleep(0.005)
        for seat in seats:
            if (row, seat) in TAKEN or seat > ROWS[row]:
                raise SeatTaken(f"seat {seat} in row {row} is taken")
