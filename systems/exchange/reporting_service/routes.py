"""The reporting service's routes: what a user holds and what has come of it, and what was traded."""

from __future__ import annotations

from typing import Any

from flask import Flask, request

from observability import Telemetry
from observability.postgresql import Database
from systems.exchange.pages_of_rows import read_page
from systems.exchange.record_ids import parse_id
from systems.exchange.reporting_service import queries
from systems.exchange.reporting_service.profit import Position, Turnover, position_of

SPAN_NAMES = {"GET /positions/<user_id>": "get_positions", "GET /executions/<user_id>": "get_executions"}


def add_routes(app: Flask, database: Database, telemetry: Telemetry) -> None:
    """Add the two routes."""

    @app.get("/positions/<user_id>")
    def get_positions(user_id: str) -> dict[str, Any]:
        user = parse_id("user", user_id)
        with database.transaction() as transaction:
            turnovers = queries.turnovers(transaction, user)
        positions = calculate_pnl(turnovers)
        telemetry.logger.info(
            "Positions of user %s reported", user, extra={"user_id": user, "positions": len(positions)}
        )
        return {
            "user_id": user,
            "positions": [position.as_json() for position in positions],
            "total": {
                "market_value_cents": sum(position.market_value_cents for position in positions),
                "realised_pnl_cents": sum(position.realised_pnl_cents for position in positions),
                "unrealised_pnl_cents": sum(position.unrealised_pnl_cents for position in positions),
            },
        }

    def calculate_pnl(turnovers: list[Turnover]) -> list[Position]:
        with telemetry.span("calculate_pnl", {"exchange.positions": len(turnovers)}):
            return [position_of(turnover) for turnover in turnovers]

    @app.get("/executions/<user_id>")
    def get_executions(user_id: str) -> dict[str, Any]:
        user, page = parse_id("user", user_id), read_page(request.args)
        with database.transaction() as transaction:
            executions = queries.executions(transaction, user, page)
        return {"executions": executions, "next_before": page.next_before(executions)}
