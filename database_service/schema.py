"""Tables, columns and indexes of the simulated database. The rows come from `dataset.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table with an integer primary key `id`.

    `columns`: name -> the Python type of its values (int or str), in order. `indexes`: indexed columns; each index is
    named `<table>_<column>`.
    """

    name: str
    columns: Mapping[str, type]
    indexes: tuple[str, ...] = ()

    def create_statements(self) -> list[str]:
        """The SQL that creates the table and its indexes."""
        types = {int: "INTEGER", str: "TEXT"}
        columns = ", ".join(
            f"{name} {types[kind]}{' PRIMARY KEY' if name == 'id' else ' NOT NULL'}"
            for name, kind in self.columns.items()
        )
        return [f"CREATE TABLE {self.name} ({columns})", *self.create_index_statements()]

    def create_index_statements(self) -> list[str]:
        """The SQL that creates the indexes, those that are missing."""
        return [
            f"CREATE INDEX IF NOT EXISTS {self.index_name(column)} ON {self.name} ({column})" for column in self.indexes
        ]

    def index_name(self, column: str) -> str:
        """What the index on the column is called."""
        return f"{self.name}_{column}"


#: Money in cents, times in RFC 3339.
TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table(
            "users",
            {
                "id": int,
                "name": str,
                "email": str,
                "city": str,
                "country": str,
                "membership": str,
                "created_at": str,
            },
            indexes=("email",),
        ),
        Table(
            "products",
            {"id": int, "name": str, "category": str, "price_cents": int, "created_at": str},
            indexes=("category",),
        ),
        Table(
            "inventory",
            {"id": int, "product_id": int, "warehouse": str, "quantity": int, "reserved": int},
            indexes=("product_id",),
        ),
        Table(
            "orders",
            {
                "id": int,
                "user_id": int,
                "product_id": int,
                "quantity": int,
                "total_cents": int,
                "status": str,
                "created_at": str,
            },
            indexes=("user_id", "product_id", "created_at"),
        ),
    )
}
