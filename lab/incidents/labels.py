"""What there is to choose from in an answer: closed lists, the same in every incident, so that they tell nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lab.faults.catalogue import KINDS, VISITORS, Catalogue
from lab.faults.repairs import ACTIONS
from lab.incidents.system_file import Suspect, SystemIncidents


@dataclass(frozen=True)
class Labels:
    """Everything that an answer or an action may name."""

    #: The services of the system, and `visitors` for what comes from outside.
    services: tuple[str, ...]
    components: tuple[str, ...]
    #: Kind -> a line for those who choose.
    kinds: Mapping[str, str]
    #: Name of an action that the system has -> what it can be done to, where that is something of the system's own.
    actions: Mapping[str, tuple[str, ...]]
    #: What somebody says who always says the same.
    usual_suspect: Suspect

    def as_json(self) -> dict[str, object]:
        return {
            "services": list(self.services),
            "components": list(self.components),
            "kinds": dict(self.kinds),
            "actions": {
                name: {"target": self.targets(name), "does": ACTIONS[name].help, "costs": ACTIONS[name].cost}
                for name in self.actions
            },
        }

    def targets(self, action: str) -> list[str] | str | None:
        """What the action can be done to: a list; "user agent" for a client; None for an action without a target."""
        match ACTIONS[action].target:
            case "service":
                return [service for service in self.services if service != VISITORS]
            case "table":
                return list(self.actions[action])
            case "client":
                return "user agent"
            case "none":
                return None


def component_label(words: str) -> str:
    """`inventory table` → `inventory-table`: what can be typed without quotes."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def labels_of(catalogue: Catalogue, about: SystemIncidents) -> Labels:
    """Of all faults of the system, whether an incident draws them or not."""
    faults = [fault for fault in catalogue.values() if fault.system == about.system.name]
    components = {component_label(fault.truth.component) for fault in faults}
    kinds = {fault.truth.kind for fault in faults}
    return Labels(
        services=(*(service.name for service in about.system.services), VISITORS),
        components=tuple(sorted(components)),
        kinds={kind: text for kind, text in KINDS.items() if kind in kinds},
        actions={name: about.moments[name].targets if name in about.moments else () for name in about.actions},
        usual_suspect=about.usual_suspect,
    )
