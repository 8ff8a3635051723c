"""What is asked about the exchange, asked of the real servers: see tests/e2e/exchange/test_queries.py."""

from __future__ import annotations

import pytest

from grafana.query_catalogue import Query
from tests.e2e.exchange.test_queries import (
    ABOUT_IT,
    test_every_panel_has_something_to_show,
    test_nothing_is_emitted_that_is_not_in_the_list,
    test_what_rules_alerts_and_ready_questions_ask_has_an_answer,
    trade,
)
from tests.e2e.queries.asking import Backends
from tests.e2e.queries.every_query import check
from tests.e2e.real_servers import skip_unless_real

__all__ = [
    "test_every_panel_has_something_to_show",
    "test_nothing_is_emitted_that_is_not_in_the_list",
    "test_what_rules_alerts_and_ready_questions_ask_has_an_answer",
    "trade",
]

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(500)]


@pytest.mark.parametrize("query", ABOUT_IT, ids=lambda query: query.where)
def test_what_a_dashboard_asks_has_an_answer(query: Query, trade: Backends) -> None:
    skip_unless_real(query.language)
    check(query, trade)
