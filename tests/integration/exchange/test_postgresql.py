"""Statements as spans, and what happens to a transaction when the database does not do its part."""

from __future__ import annotations

import threading

import psycopg
import pytest
from opentelemetry.trace import SpanKind, StatusCode, format_trace_id

from observability.errors import ServiceUnavailable
from observability.metrics import expose
from observability.postgresql import Database, describe_statement
from tests.integration.exchange.backing import PostgresqlServer, Watched

ADD_WALLET = "INSERT INTO wallets (user_id, asset, available) VALUES (%(user_id)s, 'USD', %(amount)s)"
ALL_WALLETS = "SELECT user_id, available FROM wallets ORDER BY user_id"


@pytest.mark.parametrize(
    ("statement", "name", "collection"),
    [
        ("INSERT INTO users (username) VALUES (%(name)s)", "INSERT INTO users", "users"),
        ("SELECT *\n  FROM wallets\n WHERE user_id = %(id)s FOR UPDATE", "SELECT FROM wallets", "wallets"),
        ("update wallets SET available = 0", "UPDATE wallets", "wallets"),
        ("DELETE FROM revoked_tokens", "DELETE FROM revoked_tokens", "revoked_tokens"),
        ("SELECT nextval('order_ids')", "SELECT", ""),
        ("WITH mine AS (SELECT 1) SELECT * FROM mine", "WITH", "mine"),
    ],
)
def test_a_statement_is_named_by_what_it_does_to_which_table(statement: str, name: str, collection: str) -> None:
    described = describe_statement(statement)

    assert (described.name, described.collection) == (name, collection)


def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    with database.transaction() as transaction:
        assert transaction.execute(ADD_WALLET, {"user_id": 1, "amount": 5}) == 1

    with database.transaction() as transaction:
        assert transaction.fetch_one(ALL_WALLETS) == {"user_id": 1, "available": 5}
        assert transaction.fetch_all(ALL_WALLETS) == [{"user_id": 1, "available": 5}]


def test_an_exception_takes_everything_back(database: Database) -> None:
    def add_and_fail() -> None:
        with database.transaction() as transaction:
            transaction.execute(ADD_WALLET, {"user_id": 1, "amount": 5})
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        add_and_fail()

    with database.transaction() as transaction:
        assert transaction.fetch_one(ALL_WALLETS) is None


def test_each_statement_is_a_span_without_its_values(database: Database, exchange_telemetry: Watched) -> None:
    with database.transaction() as transaction:
        transaction.execute(ADD_WALLET, {"user_id": 471_147, "amount": 815_518})
        transaction.fetch_all(ALL_WALLETS, name="every wallet")

    insert, select, commit = exchange_telemetry.spans
    assert [span.name for span in (insert, select, commit)] == ["INSERT INTO wallets", "every wallet", "COMMIT"]
    assert insert.kind is SpanKind.CLIENT
    assert insert.instrumentation_scope is not None
    assert insert.instrumentation_scope.name == "postgresql"
    attributes = dict(insert.attributes or {})
    assert attributes["db.system.name"] == attributes["peer.service"] == "postgresql"
    assert attributes["db.operation.name"] == "INSERT"
    assert attributes["db.collection.name"] == "wallets"
    assert attributes["db.query.text"] == ADD_WALLET
    assert "471147" not in str(attributes)
    assert "815518" not in str(attributes)


def test_reading_is_not_followed_by_a_commit_span(database: Database, exchange_telemetry: Watched) -> None:
    with database.transaction() as transaction:
        transaction.fetch_all(ALL_WALLETS)

    assert exchange_telemetry.names == ["SELECT FROM wallets"]


def test_a_refused_statement_says_why_but_does_not_quote_the_row(
    database: Database, exchange_telemetry: Watched
) -> None:
    add_user = "INSERT INTO users (username, email, password_hash) VALUES (%(name)s, %(name)s, 'a-secret-hash')"
    with database.transaction() as transaction:
        transaction.execute(add_user, {"name": "anna"})

    with pytest.raises(psycopg.errors.UniqueViolation) as caught, database.transaction() as transaction:
        transaction.execute(add_user, {"name": "anna"})

    assert str(caught.value) == 'duplicate key value violates unique constraint "users_username_key"'
    failed = exchange_telemetry.spans[-1]
    assert failed.status.status_code is StatusCode.ERROR
    assert dict(failed.attributes or {})["db.response.status_code"] == "23505"
    assert "anna" not in failed.to_json()


def test_metrics_tell_how_long_statements_took_and_how_many_connections_there_are(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.fetch_all(ALL_WALLETS)
        registry = database._metrics.connections
        used = {sample.labels["state"]: sample.value for metric in registry.collect() for sample in metric.samples}

    assert used == {"used": 1, "idle": 0}


def test_the_time_of_a_statement_leads_to_its_trace(exchange_telemetry: Watched, postgresql_url: str) -> None:
    telemetry = exchange_telemetry.of("wallet-service")
    with (
        telemetry.span("read wallets") as span,
        Database(postgresql_url, telemetry).transaction() as transaction,
    ):
        transaction.fetch_all("SELECT 1 AS one")
        trace_id = format_trace_id(span.get_span_context().trace_id)

    assert trace_id in expose(telemetry.registry, "application/openmetrics-text")[0].decode()


def test_whoever_gets_no_connection_in_time_is_told_so(postgresql_url: str, exchange_telemetry: Watched) -> None:
    database = Database(postgresql_url, exchange_telemetry.of("one"), connections=1, timeout_seconds=0.05)

    with (
        database.transaction(),
        pytest.raises(ServiceUnavailable, match="no connection was free"),
        database.transaction(),
    ):
        pass

    database.check()
    database.close()


def test_a_database_that_is_not_there_is_unavailable(exchange_telemetry: Watched) -> None:
    telemetry = exchange_telemetry.of("nobody")
    database = Database("postgresql://postgres:secret@127.0.0.1:1/none", telemetry)
    assert telemetry.registry.get_sample_value("db_client_connection_failures_total") == 0

    with pytest.raises(ServiceUnavailable, match="the connection failed") as caught:
        database.check()

    assert caught.value.type == "postgresql_unavailable"
    assert "secret" not in str(caught.value)
    assert telemetry.registry.get_sample_value("db_client_connection_failures_total") == 1


def test_a_statement_that_waits_too_long_for_a_lock_is_given_up(
    postgresql_url: str, database: Database, exchange_telemetry: Watched
) -> None:
    impatient = Database(postgresql_url, exchange_telemetry.of("impatient"), timeout_seconds=0.05)
    with database.transaction() as transaction:
        transaction.execute("LOCK TABLE wallets")

        with pytest.raises(ServiceUnavailable, match="took too long"), impatient.transaction() as waiting:
            waiting.fetch_all(ALL_WALLETS)

    with impatient.transaction() as transaction:
        assert transaction.fetch_all(ALL_WALLETS) == []
    impatient.close()


def test_a_server_whose_disk_is_full_is_unavailable_and_tells_nobody_where_its_files_are(database: Database) -> None:
    full = """DO $$ BEGIN
        RAISE EXCEPTION 'could not extend file "base/16384/2619": No space left on device' USING ERRCODE = 'disk_full';
    END $$"""
    with pytest.raises(ServiceUnavailable, match="run out of something") as caught, database.transaction() as writing:
        writing.execute(full)
    assert "base/" not in caught.value.message

    database.check()


def close_connections(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_connections_that_the_server_closed_are_replaced_unnoticed(postgresql_url: str, database: Database) -> None:
    database.check()
    close_connections(postgresql_url)

    with database.transaction() as transaction:
        assert transaction.fetch_all(ALL_WALLETS) == []


def test_a_connection_lost_in_a_transaction_ends_it_as_unavailable(postgresql_url: str, database: Database) -> None:
    def add_and_go_on_as_if_nothing_had_happened() -> None:
        with database.transaction() as transaction:
            transaction.execute(ADD_WALLET, {"user_id": 1, "amount": 5})
            close_connections(postgresql_url)
            with pytest.raises(ServiceUnavailable, match="connection was lost"):
                transaction.fetch_all(ALL_WALLETS)

    with pytest.raises(ServiceUnavailable, match="connection was lost"):
        add_and_go_on_as_if_nothing_had_happened()

    with database.transaction() as transaction:
        assert transaction.fetch_all(ALL_WALLETS) == []


def test_threads_share_the_connections(database: Database) -> None:
    def add(user_id: int) -> None:
        for number in range(5):
            with database.transaction() as transaction:
                transaction.execute(ADD_WALLET, {"user_id": user_id * 100 + number, "amount": 1})

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.transaction() as transaction:
        assert len(transaction.fetch_all(ALL_WALLETS)) == 60


def test_a_lock_is_held_by_one_until_it_lets_go(database: Database, postgresql_server: PostgresqlServer) -> None:
    held = database.hold(7)

    assert held is not None
    assert held.is_held()
    assert database.hold(7) is None
    held.release()
    assert not held.is_held()
    again = database.hold(7)
    assert again is not None
    again.release()
