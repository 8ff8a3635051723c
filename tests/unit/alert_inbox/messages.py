"""Messages as Alertmanager's webhook posts them."""

from __future__ import annotations

from typing import Any


def alert(name: str = "TargetDown", status: str = "firing", **changed: Any) -> dict[str, Any]:
    """One alert of a message."""
    return {
        "status": status,
        "labels": {"alertname": name, "service": "database", "severity": "page"},
        "annotations": {"summary": "database is gone", "dashboard_url": "http://127.0.0.1:3000/d/chain-database"},
        "startsAt": "2026-01-31T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-01-31T12:01:00Z",
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": "57077575d22ae265",
        **changed,
    }


def message(number: int = 0, status: str = "firing", **changed: Any) -> dict[str, Any]:
    """One message; `number` tells it from others."""
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="TargetDown", number="{number}"}}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "page",
        "groupLabels": {"alertname": "TargetDown", "number": str(number)},
        "commonLabels": {"alertname": "TargetDown", "severity": "page"},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": [alert(status=status)],
        **changed,
    }
