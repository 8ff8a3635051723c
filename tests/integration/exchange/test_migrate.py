"""Migrations: each once, whoever is first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from systems.exchange.storage.migrate import MIGRATIONS, migrate
from tests.integration.exchange.backing import PostgresqlServer

NAMES = sorted(file.stem for file in MIGRATIONS.glob("*.sql"))


def test_services_that_start_together_migrate_once(postgresql_server: PostgresqlServer) -> None:
    with postgresql_server.database(migrated=False) as url:
        with ThreadPoolExecutor(4) as pool:
            applied = list(pool.map(migrate, [url] * 4))

        assert sorted(applied, key=len) == [[], [], [], NAMES]


def test_only_what_is_missing_is_applied(postgresql_url: str, tmp_path: Path) -> None:
    for file in MIGRATIONS.glob("*.sql"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "9999_more.sql").write_text("CREATE TABLE more (id bigint); CREATE TABLE still_more (id bigint);")

    assert migrate(postgresql_url, migrations=tmp_path) == ["9999_more"]
    assert migrate(postgresql_url, migrations=tmp_path) == []


def test_a_migration_that_fails_leaves_nothing_behind(postgresql_url: str, tmp_path: Path) -> None:
    for file in MIGRATIONS.glob("*.sql"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "9999_broken.sql").write_text("CREATE TABLE more (id bigint); CREATE TABLE wallets (id bigint);")

    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate(postgresql_url, migrations=tmp_path)

    with psycopg.connect(postgresql_url) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT FROM more")


def test_a_database_of_a_newer_version_is_left_alone(postgresql_url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not know \\(0001_tables"):
        migrate(postgresql_url, migrations=tmp_path)


def test_a_database_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError):
        migrate("postgresql://127.0.0.1:1/none", wait_seconds=0)


def test_two_migrations_of_one_number_are_refused_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").touch()
    (tmp_path / "0001_other.sql").touch()

    with pytest.raises(ValueError, match=r"0001_one\.sql and 0001_other\.sql have the same number"):
        migrate("postgresql://127.0.0.1:1/none", wait_seconds=0, migrations=tmp_path)
