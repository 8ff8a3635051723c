"""Every query of the workshop's cheat sheet has an answer on a lab with traffic."""

from __future__ import annotations

import pytest

from grafana.query_catalogue import Query
from tests.e2e.happenings import WaitFor
from tests.e2e.queries.asking import Backends, complaint
from tests.unit.docs.cheat_sheet import cheat_sheet_queries

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

#: What compares a minute with the one before wants a lab that is older than both.
OLD_ENOUGH_SECONDS = 150


@pytest.mark.parametrize("query", cheat_sheet_queries(), ids=lambda query: query.where)
def test_a_query_of_the_cheat_sheet_has_an_answer(query: Query, busy_lab: Backends, wait_for: WaitFor) -> None:
    problem = complaint(query, busy_lab.ask(query))
    if problem and " offset " in query.text:
        wait_for(lambda: complaint(query, busy_lab.ask(query)) is None, query.text, timeout_seconds=OLD_ENOUGH_SECONDS)
        return
    assert problem is None, problem
