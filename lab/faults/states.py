"""Which faults are on, as whoever may know it is told: on a terminal, as JSON, on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.faults.catalogue import Catalogue, Fault
from lab.faults.flag_file import FlagFile, SwitchedOn
from lab.incidents import files as incidents
from lab.paths import StateDirectory


def told_states(state_dir: StateDirectory) -> Mapping[str, SwitchedOn] | None:
    """What is on, by flag; None while an incident runs: that is for its player to find out. Raises FlagFileError."""
    if incidents.refusal(state_dir):
        return None
    return FlagFile(state_dir.flag_file).switched_on()


def state_as_json(fault: Fault, states: Mapping[str, SwitchedOn] | None) -> dict[str, Any]:
    """Whether it is on (null: that is not told), since when (unix seconds), and with what."""
    state = states.get(fault.flag) if states is not None else None
    chosen = None
    if state:
        chosen = fault.defaults | {name: state.values[name] for name in fault.parameters if name in state.values}
    return {
        "system": fault.system,
        "on": None if states is None else state is not None,
        "since": state.since if state else None,
        "parameters": chosen,
    }


def flags_of(catalogue: Catalogue) -> list[str]:
    return [fault.flag for fault in catalogue.values()]
