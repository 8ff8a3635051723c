"""The labs of all exercises, which get ready at the same time."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.exercises.lanes import Lanes, open_lanes


@pytest.fixture(scope="module")
def lanes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wait_for: Callable[..., Any]
) -> Iterator[Lanes]:
    """For those exercises of the file that are to be walked. Its LANES say which of them share a lab."""
    items = [item for item in request.session.items if item.path == request.path]
    names = dict.fromkeys(str(item.callspec.params["name"]) for item in items if isinstance(item, pytest.Function))
    with open_lanes(request.module.LANES, [*names], tmp_path_factory.mktemp("exercises"), wait_for) as lanes:
        yield lanes
