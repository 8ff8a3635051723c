"""How the engine will find a statement's rows: by index, or by reading the whole table.

The engine decides; this asks it (`EXPLAIN QUERY PLAN`) and remembers the answer until the schema changes, as a
database's plan cache does. So a dropped index shows in the very next plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from database_service.engine import Connection

#: The statements come from a small set of shapes; more than this means somebody is trying all filters there are.
_MAX_PLANS = 512


@dataclass(frozen=True)
class Plan:
    """`text`: the engine's own words, one step a line. `access`: "scan" if a step reads a whole table, else "index"."""

    text: str
    access: str


class Planner:
    """Plans statements and keeps the plans of the current schema."""

    def __init__(self) -> None:
        self._schema_version = -1
        self._plans: dict[str, Plan] = {}

    def plan(self, connection: Connection, sql: str, parameters: Sequence[Any]) -> tuple[Plan, bool]:
        """The plan of `sql`, and whether it was remembered. Raises sqlite3.Error."""
        # Reading a row first makes the connection notice a schema that another connection has changed.
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")
        version = connection.execute("PRAGMA schema_version")[0]["schema_version"]
        if version != self._schema_version or len(self._plans) >= _MAX_PLANS:
            # Assigned, not cleared: another thread may be looking into the old one.
            self._plans, self._schema_version = {}, version
        plans = self._plans
        known = plans.get(sql)
        if known:
            return known, True
        # The comment makes it a new text for sqlite3's statement cache, which would give back the old schema's plan.
        steps = connection.execute(f"EXPLAIN QUERY PLAN {sql} -- schema {version}", parameters)
        text = "\n".join(step["detail"] for step in steps)
        plan = plans[sql] = Plan(text, "scan" if _reads_whole_table(text) else "index")
        return plan, False


def _reads_whole_table(text: str) -> bool:
    # "SCAN orders" reads everything; "SCAN orders USING INDEX …" walks an index in order, as far as needed.
    return any(line.startswith("SCAN") and " USING " not in line for line in text.splitlines())
