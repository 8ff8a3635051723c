"""The statements this service runs, and what a caller of /db/query may ask for.

Nothing a caller sends becomes part of the SQL text: names are looked up in `schema.TABLES`, values are bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from database_service.schema import TABLES, Table
from observability.errors import RequestError

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_FILTERS = 5
MAX_VALUE_LENGTH = 100

OPERATORS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
DIRECTIONS = {"asc": "ASC", "desc": "DESC"}
PARAMETERS = ("table", "filter", "order", "limit")

#: SQLite's integers have 64 bits.
_MAX_INTEGER = 2**63 - 1


@dataclass(frozen=True)
class Statement:
    """SQL with `?` for each parameter; `table` is the one it is counted under."""

    table: str
    sql: str
    parameters: tuple[Any, ...]
    operation: str = "SELECT"


def user_by_id(user_id: int) -> Statement:
    """The user's row, if there is one."""
    return Statement("users", "SELECT * FROM users WHERE id = ?", (user_id,))


def product_by_id(product_id: int) -> Statement:
    """The product's row, if there is one."""
    return Statement("products", "SELECT * FROM products WHERE id = ?", (product_id,))


def inventory_of_product(product_id: int) -> Statement:
    """The product joined with its stock: one row a warehouse."""
    sql = (
        "SELECT inventory.warehouse, inventory.quantity, inventory.reserved, "
        "inventory.quantity - inventory.reserved AS available "
        "FROM products JOIN inventory ON inventory.product_id = products.id "
        "WHERE products.id = ? ORDER BY inventory.warehouse"
    )
    return Statement("inventory", sql, (product_id,))


def inventory_ids_of_product(product_id: int) -> Statement:
    """Which rows of stock the product has, in the order of their warehouses."""
    sql = "SELECT id FROM inventory WHERE product_id = ? ORDER BY warehouse"
    return Statement("inventory", sql, (product_id,))


def inventory_rows(ids: Sequence[int]) -> Statement:
    """Some rows of stock by their ids, in the order of their warehouses."""
    sql = (
        "SELECT warehouse, quantity, reserved, quantity - reserved AS available "
        f"FROM inventory WHERE id IN ({', '.join('?' * len(ids))}) ORDER BY warehouse"
    )
    return Statement("inventory", sql, tuple(ids))


def order_totals(first_id: int, last_id: int) -> Statement:
    """Brings the totals of some orders up to date with the products' prices."""
    sql = (
        "UPDATE orders SET total_cents = quantity * "
        "(SELECT price_cents FROM products WHERE products.id = orders.product_id) WHERE id BETWEEN ? AND ?"
    )
    return Statement("orders", sql, (first_id, last_id), "UPDATE")


def parse_query(arguments: Iterable[tuple[str, str]]) -> Statement:
    """The statement for the query string of /db/query, given as its (name, value) pairs.

        table=orders&filter=status:eq:shipped&filter=total_cents:gt:5000&order=created_at:desc&limit=10

    Raises RequestError 400 that says what is allowed instead.
    """
    values = _collect(arguments)
    table = TABLES[_choose("table", values.get("table", [""])[0], TABLES)]
    conditions, parameters = [], []
    for text in values.get("filter", ()):
        condition, parameter = _parse_filter(table, text)
        conditions.append(condition)
        parameters.append(parameter)
    sql = f"SELECT * FROM {table.name}"
    if conditions:
        sql += f" WHERE {' AND '.join(conditions)}"
    sql += f" ORDER BY {_parse_order(table, values.get('order', ['id:asc'])[0])} LIMIT ?"
    limit = _parse_limit(values.get("limit", [str(DEFAULT_LIMIT)])[0])
    return Statement(table.name, sql, (*parameters, limit))


def _collect(arguments: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in arguments:
        values.setdefault(_choose("parameter", name, PARAMETERS), []).append(value)
    for name, given in values.items():
        if name != "filter" and len(given) > 1:
            raise _refuse(f"{name} is given {len(given)} times", f"give {name} once")
    filters = values.get("filter", [])
    if len(filters) > MAX_FILTERS:
        raise _refuse(f"{len(filters)} filters are too many", f"at most {MAX_FILTERS} filters are allowed")
    if len(set(filters)) < len(filters):
        raise _refuse("the same filter is given twice", "give each filter once")
    return values


def _parse_filter(table: Table, text: str) -> tuple[str, Any]:
    parts = text.split(":", 2)
    if len(parts) != 3:
        raise _refuse(f"filter {_shown(text)} is not complete", "write filter=<column>:<operator>:<value>")
    column = _choose("column", parts[0], table.columns)
    operator = OPERATORS[_choose("operator", parts[1], OPERATORS)]
    value = parts[2]
    if len(value) > MAX_VALUE_LENGTH:
        raise _refuse(
            f"a filter value of {len(value)} characters is too long", f"at most {MAX_VALUE_LENGTH} are allowed"
        )
    if table.columns[column] is not int:
        return f"{column} {operator} ?", value
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and int(digits) <= _MAX_INTEGER):
        raise _refuse(f"{column} is a whole number, not {_shown(value)}", f"write a number, such as {column}:ge:100")
    return f"{column} {operator} ?", int(value)


def _parse_order(table: Table, text: str) -> str:
    column, _, direction = text.partition(":")
    column = _choose("column", column, table.columns)
    direction = DIRECTIONS[_choose("direction", direction or "asc", DIRECTIONS)]
    # The id settles ties: equal rows must not change places between two calls.
    return f"{column} {direction}" if column == "id" else f"{column} {direction}, id {direction}"


def _parse_limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT):
        raise _refuse(f"limit {_shown(text)} is not allowed", f"limit is a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _choose(kind: str, name: str, allowed: Iterable[str]) -> str:
    if name in allowed:
        return name
    problem = f"no {kind} {_shown(name)}" if name else f"the {kind} is missing"
    raise _refuse(problem, f"one of: {', '.join(allowed)}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 20 else f"{text[:20]}…")


def _refuse(message: str, hint: str) -> RequestError:
    return RequestError(400, "invalid_query", message, hint)
