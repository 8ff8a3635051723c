"""What can be done about a fault by somebody who runs the system: a closed list, as data.

Which fault an action mends stands in the fault's own file (`repair`). What an action really does to the lab, whether it
mends something or not, is lab/incidents/acting.py's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

TargetKind = Literal["service", "table", "client", "none"]


@dataclass(frozen=True)
class Action:
    """Something that an operator can do."""

    name: str
    target: TargetKind
    help: str
    #: What it does to the system besides, also when there was nothing to mend.
    cost: str
    #: Whether only a system has it that says how it is done there (lab/incidents/system_file.py).
    is_particular: bool = False


_RESTART = "the service is away for some seconds, and what it had in memory is gone"
_ENTRY_RESTART = "the service where visitors enter is started anew"

ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        action.name: action
        for action in (
            Action("restart", "service", "start a service anew", _RESTART),
            Action("rollback", "service", "give a service its earlier version and settings back", _RESTART),
            Action("recycle-connections", "service", "close all connections of a service, and open new ones", _RESTART),
            Action("stop-job", "service", "end the background work of a service", _RESTART),
            Action("sync-clock", "service", "set the clock of a service's machine", _RESTART),
            Action(
                "rebuild-index",
                "table",
                "make the indexes of a table anew",
                "a long transaction holds the database's lock meanwhile",
                is_particular=True,
            ),
            Action("flush-cache", "none", "empty the cache", "everything is fetched anew", is_particular=True),
            Action("block-client", "client", "turn away a client, by its user agent", _ENTRY_RESTART),
            Action("limit-traffic", "none", "let in no more visitors than usual", _ENTRY_RESTART),
        )
    }
)


@dataclass(frozen=True)
class Repair:
    """An action, and on what: one that mends the fault."""

    action: str
    #: Empty for an action that needs none; or `{parameter}` of the fault.
    target: str = ""
