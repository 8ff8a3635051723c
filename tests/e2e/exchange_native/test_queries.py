"""What is asked about the exchange, asked of the real servers."""

from __future__ import annotations

import pytest

from tests.e2e.exchange.test_queries import (
    test_every_panel_has_something_to_show,
    test_nothing_is_emitted_that_is_not_in_the_list,
    test_what_a_dashboard_asks_has_an_answer,
    test_what_rules_alerts_and_ready_questions_ask_has_an_answer,
    trade,
)

__all__ = [
    "test_every_panel_has_something_to_show",
    "test_nothing_is_emitted_that_is_not_in_the_list",
    "test_what_a_dashboard_asks_has_an_answer",
    "test_what_rules_alerts_and_ready_questions_ask_has_an_answer",
    "trade",
]

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(500)]
