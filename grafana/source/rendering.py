"""Dashboards as JSON files that change little when a panel changes little."""

from __future__ import annotations

import json
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

#: foundation-sdk has one class for a dashboard's links and a field's data links; Grafana writes these of the latter.
_DATA_LINK_KEYS = ("title", "url", "targetBlank")


def as_json(dashboard: Dashboard) -> str:
    """Keys sorted, two spaces, newline at the end."""
    document = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    _drop_placements(document)
    for panel in document["panels"]:
        if "repeat" not in panel:
            panel.pop("repeatDirection", None)
        _shorten_data_links(panel.get("fieldConfig", {}))
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _drop_placements(document: dict[str, Any]) -> None:
    """foundation-sdk puts every link and annotation into the controls menu; links belong where they are seen."""
    for link in document.get("links", []):
        link.pop("placement", None)


def _shorten_data_links(field_config: dict[str, Any]) -> None:
    defaults = field_config.get("defaults", {})
    if "links" in defaults:
        defaults["links"] = [_data_link(link) for link in defaults["links"]]
    for override in field_config.get("overrides", []):
        for item in override["properties"]:
            if item["id"] == "links":
                item["value"] = [_data_link(link) for link in item["value"]]


def _data_link(link: dict[str, Any]) -> dict[str, Any]:
    return {key: link[key] for key in _DATA_LINK_KEYS if key in link}
