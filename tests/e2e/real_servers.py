"""Which of the real servers a native stack on this machine has. For the others the telemetry store stands in, and what
is asked of that here has been asked of it on the embedded stack."""

from __future__ import annotations

import pytest

from grafana.query_catalogue import Language
from lab.stacks.programs import find_server
from lab.stacks.store import ALL_APIS

_OF_LANGUAGE = {"promql": "prometheus", "logql": "loki", "traceql": "tempo"}


def skip_unless_all_are_real() -> None:
    """Unless none of the three APIs is the store's."""
    _skip_without(*ALL_APIS)


def skip_unless_real(language: Language) -> None:
    """Unless a real server answers it."""
    _skip_without(_OF_LANGUAGE[language])


def _skip_without(*servers: str) -> None:
    problems = [f"{name} {problem}" for name in servers if (problem := find_server(name).problem)]
    if problems:
        pytest.skip(f"{', '.join(problems)}: the telemetry store would answer once more")
