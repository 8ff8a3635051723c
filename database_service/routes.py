"""The database's routes. What happens inside a query is `database.py`'s."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request

from database_service.database import Database
from database_service.queries import parse_query
from database_service.record_ids import parse_id
from observability import Telemetry
from observability.errors import RequestError
from observability.flask import request_seconds

SPAN_NAMES = {
    "/db/query": "database_query",
    "/db/user/<id>": "database_get_user",
    "/db/product/<id>": "database_get_product",
}


def add_routes(app: Flask, database: Database, telemetry: Telemetry) -> None:
    """Add the three routes, and the Server-Timing header that tells the tiers above how long this one took."""
    logger = telemetry.logger

    @app.after_request
    def add_server_timing(response: Response) -> Response:
        response.headers["Server-Timing"] = f"database;dur={request_seconds() * 1000:.2f}"
        return response

    @app.get("/db/user/<id>")
    def get_user(id: str) -> dict[str, Any]:
        user_id = parse_id("user", id)
        logger.info("Querying user %s from database", user_id, extra={"user_id": user_id})
        user = database.get_user(user_id)
        if user is None:
            raise RequestError(404, "user_not_found", f"there is no user {user_id}", hint="try user 123")
        return {"user": user}

    @app.get("/db/product/<id>")
    def get_product(id: str) -> dict[str, Any]:
        product_id = parse_id("product", id)
        logger.info("Querying product %s from database", product_id, extra={"product_id": product_id})
        product = database.get_product(product_id)
        if product is None:
            raise RequestError(404, "product_not_found", f"there is no product {product_id}", hint="try product 42")
        return {"product": product}

    @app.get("/db/query")
    def query() -> dict[str, Any]:
        statement = parse_query(request.args.items(multi=True))
        logger.info("Querying table %s from database", statement.table, extra={"db.collection.name": statement.table})
        rows = database.query(statement)
        return {"table": statement.table, "count": len(rows), "rows": rows}
