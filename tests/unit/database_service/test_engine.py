"""The engine with its rows, the planner, and transactions between connections."""

from __future__ import annotations

import re
import sqlite3

import pytest

from database_service.dataset import ORDERS, PRODUCTS, USERS, build_rows
from database_service.engine import Engine
from database_service.planner import Plan, Planner
from database_service.queries import inventory_of_product, parse_query, product_by_id, user_by_id
from database_service.schema import TABLES


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(seed=7)


def test_the_same_seed_gives_the_same_rows_and_another_seed_gives_others() -> None:
    assert build_rows(7) == build_rows(7)
    assert build_rows(7)["users"] != build_rows(8)["users"]


def test_every_table_has_the_rows_it_should_and_every_reference_leads_somewhere(engine: Engine) -> None:
    connection = engine.connect()
    counts = {table: connection.execute(f"SELECT COUNT(*) AS n FROM {table}")[0]["n"] for table in TABLES}
    assert {**counts, "inventory": 0} == {"users": USERS, "products": PRODUCTS, "orders": ORDERS, "inventory": 0}
    assert PRODUCTS < counts["inventory"] < 4 * PRODUCTS
    for table, column, target in (
        ("orders", "user_id", "users"),
        ("orders", "product_id", "products"),
        ("inventory", "product_id", "products"),
    ):
        assert connection.execute(f"SELECT 1 FROM {table} WHERE {column} NOT IN (SELECT id FROM {target})") == []
    assert connection.execute("SELECT 1 FROM inventory WHERE reserved > quantity OR quantity < 0") == []


def test_user_123_looks_like_a_person(engine: Engine) -> None:
    (user,) = engine.connect().execute("SELECT * FROM users WHERE id = 123")
    assert list(user) == ["id", "name", "email", "city", "country", "membership", "created_at"]
    assert re.fullmatch(r"\w+ [\w ]+", user["name"])
    assert re.fullmatch(r"[a-z.]+123@example\.com", user["email"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", user["created_at"])


def test_table_sizes_are_the_bytes_of_the_values(engine: Engine) -> None:
    expected = {
        table: sum(len(str(value).encode()) for row in rows for value in row) for table, rows in build_rows(7).items()
    }
    assert engine.table_sizes_bytes() == expected


@pytest.mark.parametrize(
    ("query", "plan"),
    [
        (user_by_id(123), Plan("SEARCH users USING INTEGER PRIMARY KEY (rowid=?)", "index")),
        (product_by_id(42), Plan("SEARCH products USING INTEGER PRIMARY KEY (rowid=?)", "index")),
        (parse_query([("table", "orders")]), Plan("SCAN orders", "scan")),
        (
            parse_query([("table", "orders"), ("filter", "user_id:eq:5")]),
            Plan("SEARCH orders USING INDEX orders_user_id (user_id=?)", "index"),
        ),
        (
            parse_query([("table", "orders"), ("order", "created_at:desc")]),
            Plan("SCAN orders USING INDEX orders_created_at", "index"),
        ),
        (
            parse_query([("table", "users"), ("filter", "city:eq:Berlin"), ("order", "name")]),
            Plan("SCAN users\nUSE TEMP B-TREE FOR ORDER BY", "scan"),
        ),
    ],
)
def test_the_plan_says_whether_rows_are_found_by_index_or_by_reading_the_table(
    engine: Engine, query: object, plan: Plan
) -> None:
    connection = engine.connect()
    planner = Planner()
    assert planner.plan(connection, query.sql, query.parameters) == (plan, False)  # type: ignore[attr-defined]
    assert planner.plan(connection, query.sql, query.parameters) == (plan, True)  # type: ignore[attr-defined]


def test_a_dropped_index_shows_in_the_next_plan_and_in_the_work_done() -> None:
    engine = Engine(seed=7)
    reader, administrator = engine.connect(), engine.connect()
    planner = Planner()
    statement = inventory_of_product(42)

    def run() -> tuple[str, int]:
        plan, _ = planner.plan(reader, statement.sql, statement.parameters)
        before = reader.work_units
        assert reader.execute(statement.sql, statement.parameters)
        return plan.access, reader.work_units - before

    with_index = run()
    administrator.execute("DROP INDEX inventory_product_id")
    without_index = run()
    assert with_index == ("index", 0)
    assert without_index[0] == "scan"
    assert without_index[1] > 0


def test_connections_see_each_others_commits_and_wait_for_each_others_locks(engine: Engine) -> None:
    writer, reader = engine.connect(), engine.connect()
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE users SET city = 'Elsewhere' WHERE id = 1")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        reader.execute("BEGIN IMMEDIATE")
    writer.execute("COMMIT")
    assert reader.execute("SELECT city FROM users WHERE id = 1") == [{"city": "Elsewhere"}]


def test_two_engines_share_nothing() -> None:
    first, second = Engine(seed=1), Engine(seed=1)
    first.connect().execute("DELETE FROM orders")
    assert second.connect().execute("SELECT COUNT(*) AS n FROM orders") == [{"n": ORDERS}]
