"""`lab incident …` on a lab that shares its machine with other tests."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.conftest import BootedLab

#: Why nothing has begun that can begin a little later: with little traffic what a rare failure does may happen too
#: seldom to be judged; and on a busy machine a lab is not well, for which `start` waits a minute.
_PASSING = ("did not suffer enough", "the lab is not well", "has not come to rest")
_ATTEMPTS = 4


def told(lab: BootedLab, *arguments: str) -> dict[str, Any]:
    """What a command that succeeds says."""
    result = lab.run("incident", *arguments, "--json", timeout=240)
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads(result.stdout)
    assert isinstance(content, dict)
    return content


def begun(lab: BootedLab, *arguments: str) -> str:
    """What `start` says of an incident that it has set up, at a later attempt if need be."""
    for _ in range(_ATTEMPTS):
        result = lab.run("incident", "start", *arguments, timeout=240)
        if result.returncode == 0 or not any(reason in result.stderr for reason in _PASSING):
            break
    assert result.returncode == 0, result.stdout + result.stderr
    return str(result.stdout)
