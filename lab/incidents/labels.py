"""What there is to choose from in an answer: closed lists, the same in every incident, so that they tell nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lab.faults.catalogue import KINDS, VISITORS, Catalogue
from lab.faults.repairs import ACTIONS
from lab.manifest import System


@dataclass(frozen=True)
class Labels:
    """Everything that an answer or an action may name."""

    #: The services of the system, and `visitors` for what comes from outside.
    services: tuple[str, ...]
    components: tuple[str, ...]
    #: Kind -> a line for those who choose.
    kinds: Mapping[str, str]
    tables: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "services": list(self.services),
            "components": list(self.components),
            "kinds": dict(self.kinds),
            "actions": {
                action.name: {"target": self.targets(action.name), "does": action.help, "costs": action.cost}
                for action in ACTIONS.values()
            },
        }

    def targets(self, action: str) -> list[str] | str | None:
        """What the action can be done to: a list; "user agent" for a client; None for an action without a target."""
        match ACTIONS[action].target:
            case "service":
                return [service for service in self.services if service != VISITORS]
            case "table":
                return list(self.tables)
            case "client":
                return "user agent"
            case "none":
                return None


#: The tables of the chain's database.
TABLES = ("inventory", "orders", "products", "users")


def component_label(words: str) -> str:
    """`inventory table` → `inventory-table`: what can be typed without quotes."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def labels_of(catalogue: Catalogue, system: System) -> Labels:
    """Of all faults of the system, whether an incident draws them or not."""
    components = {component_label(fault.truth.component) for fault in catalogue.values() if fault.system == system.name}
    return Labels(
        services=(*(service.name for service in system.services), VISITORS),
        components=tuple(sorted(components)),
        kinds=KINDS,
        tables=TABLES,
    )
