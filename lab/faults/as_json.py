"""A fault of the catalogue as an instructor's page shows it: what it is, where, what shows it, what can be chosen."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lab.faults.catalogue import KINDS, SIGNALS, Fault, Parameter
from lab.faults.evidence import Finding
from lab.faults.injection import reading_text


def fault_as_json(fault: Fault) -> dict[str, Any]:
    """The name of the flag is nobody's business."""
    truth = fault.truth_with(fault.defaults)
    return {
        "name": fault.name,
        "title": fault.title,
        "system": fault.system,
        "what": " ".join(fault.what.split()),
        "service": truth.service,
        "component": truth.component,
        "kind": KINDS[truth.kind],
        "victims": list(truth.victims),
        "signals": {name: asdict(fault.signals[name]) for name in SIGNALS},
        "parameters": [_parameter(parameter) for parameter in fault.parameters.values()],
        "secondsToEffect": fault.effect_seconds,
        "secondsToRecovery": fault.recovery_seconds,
        "needsRps": fault.needs_rps,
    }


def finding_as_json(finding: Finding) -> dict[str, Any]:
    return {
        "says": finding.evidence.says,
        "expects": finding.evidence.expectation,
        "before": reading_text(finding.baseline),
        "now": reading_text(finding.now),
        "holds": finding.holds,
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    is_switch = isinstance(parameter.default, bool)
    choices = list(parameter.choices) or ([True, False] if is_switch else [])
    return {
        "name": parameter.name,
        "help": parameter.help,
        "kind": "number" if isinstance(parameter.default, int | float) and not is_switch else "text",
        "whole": isinstance(parameter.default, int),
        "default": _as_text(parameter.default),
        "choices": [_as_text(choice) for choice in choices],
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
    }


def _as_text(value: object) -> str:
    """As the command line would take it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
