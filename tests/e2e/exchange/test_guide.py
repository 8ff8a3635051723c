"""What the guide to the exchange tells people to type, typed."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import BootedLab
from tests.e2e.guides import ALL_GUIDES, system, type_commands

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

GUIDES = [guide for guide in ALL_GUIDES if system(guide) == "exchange"]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guides_commands_work_in_their_order(lab: BootedLab, guide) -> None:
    type_commands(lab, guide)
