"""What a caller of /db/query may ask, and that nothing else reaches the engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database_service.engine import Engine
from database_service.queries import OPERATORS, Statement, parse_query
from database_service.schema import TABLES
from observability.errors import RequestError

_ENGINE = Engine(seed=7).connect()


def test_a_full_query_becomes_sql_with_bound_values() -> None:
    arguments = [
        ("table", "orders"),
        ("filter", "status:eq:shipped"),
        ("filter", "total_cents:gt:5000"),
        ("order", "created_at:desc"),
        ("limit", "10"),
    ]
    assert parse_query(arguments) == Statement(
        "orders",
        "SELECT * FROM orders WHERE status = ? AND total_cents > ? ORDER BY created_at DESC, id DESC LIMIT ?",
        ("shipped", 5000, 10),
    )


def test_a_table_alone_gives_its_first_rows() -> None:
    assert parse_query([("table", "users")]) == Statement("users", "SELECT * FROM users ORDER BY id ASC LIMIT ?", (20,))


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ([], "the table is missing", "one of: users, products, inventory, orders"),
        ([("table", "sqlite_schema")], "no table 'sqlite_schema'", "one of: users, products, inventory, orders"),
        ([("table", "users; DROP TABLE users")], "no table 'users; DROP TABLE us…'", None),
        ([("table", "users"), ("table", "users")], "table is given 2 times", "give table once"),
        ([("table", "users"), ("sql", "SELECT 1")], "no parameter 'sql'", "one of: table, filter, order, limit"),
        (
            [("table", "inventory"), ("filter", "colour:eq:red")],
            "no column 'colour'",
            "one of: id, product_id, warehouse, quantity, reserved",
        ),
        ([("table", "users"), ("filter", "id:like:1")], "no operator 'like'", "one of: eq, ne, lt, le, gt, ge"),
        (
            [("table", "users"), ("filter", "id")],
            "filter 'id' is not complete",
            "write filter=<column>:<operator>:<value>",
        ),
        ([("table", "users"), ("filter", "id:eq:x")], "id is a whole number, not 'x'", None),
        ([("table", "users"), ("filter", "id:eq:²")], "id is a whole number, not '²'", None),
        ([("table", "users"), ("filter", f"id:eq:{2**63}")], f"id is a whole number, not '{2**63}'", None),
        ([("table", "users"), ("filter", "id:eq:1"), ("filter", "id:eq:1")], "the same filter is given twice", None),
        ([("table", "users"), *[("filter", f"id:ne:{n}") for n in range(6)]], "6 filters are too many", None),
        (
            [("table", "users"), ("filter", "name:eq:" + "x" * 101)],
            "a filter value of 101 characters is too long",
            None,
        ),
        ([("table", "users"), ("order", "name:up")], "no direction 'up'", "one of: asc, desc"),
        ([("table", "users"), ("limit", "0")], "limit '0' is not allowed", "limit is a whole number from 1 to 100"),
        ([("table", "users"), ("limit", "101")], "limit '101' is not allowed", None),
        ([("table", "users"), ("limit", "1_0")], "limit '1_0' is not allowed", None),
    ],
)
def test_a_query_that_is_not_allowed_is_refused_and_told_what_is(
    arguments: list[tuple[str, str]], message: str, hint: str | None
) -> None:
    with pytest.raises(RequestError) as refused:
        parse_query(arguments)
    assert (refused.value.status, refused.value.type, refused.value.message) == (400, "invalid_query", message)
    assert refused.value.hint
    assert hint is None or refused.value.hint == hint


_words = st.one_of(st.text(max_size=30), st.sampled_from(["", "'", '"', "--", "id", "users", "1 OR 1=1", "%00", "²"]))
_columns = st.one_of(st.sampled_from([column for table in TABLES.values() for column in table.columns]), _words)
_filters = st.one_of(
    _words,
    st.builds(
        lambda column, operator, value: f"{column}:{operator}:{value}",
        _columns,
        st.one_of(st.sampled_from(list(OPERATORS)), _words),
        st.one_of(_words, st.integers().map(str)),
    ),
)
_arguments = st.lists(
    st.one_of(
        st.tuples(st.just("table"), st.one_of(st.sampled_from(list(TABLES)), _words)),
        st.tuples(st.just("filter"), _filters),
        st.tuples(st.just("order"), st.one_of(_columns, _columns.map(lambda column: f"{column}:desc"))),
        st.tuples(st.just("limit"), st.one_of(st.integers(-5, 200).map(str), _words)),
        st.tuples(_words, _words),
    ),
    max_size=6,
)


@given(_arguments)
def test_whatever_is_sent_is_either_refused_or_answered_and_never_becomes_sql(arguments: list[tuple[str, str]]) -> None:
    try:
        statement = parse_query(arguments)
    except RequestError as error:
        refused = error
    else:
        refused = None
    if refused:
        assert (refused.status, len(refused.message) < 120) == (400, True)
        return
    assert all(word.isidentifier() or word in "*?,=<><=>=" for word in statement.sql.replace(",", " ").split())
    rows = _ENGINE.execute(statement.sql, statement.parameters)
    assert len(rows) <= statement.parameters[-1] <= 100
