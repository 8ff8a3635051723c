"""The queries behind a dashboard's data links into Explore: what a click on a line, a bar or a cell asks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from grafana.query_catalogue.query import LANGUAGES, Query, kind_over_time
from grafana.query_catalogue.questions import minutes_of, panels_of
from grafana.query_catalogue.variables import fill, macros, of_dashboard


def queries_of_data_links(file: Path, clicked: Mapping[str, str]) -> list[Query]:
    """`clicked` has what the click would give: `__field.labels.service`, `__value.raw` and so on.

    Most links ask for what went wrong, so an empty answer is one, too. Raises UnknownVariable for any other variable.
    """
    document = json.loads(file.read_text(encoding="utf-8"))
    minutes = minutes_of(document)
    values, texts = of_dashboard(document.get("templating", {}).get("list", []))
    values |= macros(minutes) | {"__from": "0", "__to": "0"} | dict(clicked)
    return [
        _query(f'dashboard {document["uid"]}, panel "{panel["title"]}", link {link["title"]!r}', target, minutes)
        for panel in panels_of(document)
        for link in links_of(panel)
        if link["url"].startswith("/explore?")
        for target in _targets(fill(link["url"], _for_an_address(values), texts))
    ]


def links_of(panel: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Those of every field, and those of single ones."""
    fields = panel.get("fieldConfig", {})
    yield from fields.get("defaults", {}).get("links", [])
    for override in fields.get("overrides", []):
        for item in override["properties"]:
            if item["id"] == "links":
                yield from item["value"]


def _for_an_address(values: Mapping[str, Any]) -> dict[str, Any]:
    """Text goes into JSON inside of an address; a quotation mark in it would end the JSON's."""
    return {name: json.dumps(value)[1:-1] if isinstance(value, str) else value for name, value in values.items()}


def _targets(address: str) -> Iterator[Mapping[str, Any]]:
    panes = json.loads(parse_qs(urlsplit(address).query, strict_parsing=True)["panes"][0])
    for pane in panes.values():
        yield from pane["queries"]


def _query(where: str, target: Mapping[str, Any], minutes: int) -> Query:
    language = LANGUAGES[target["datasource"]["uid"]]
    text = str(target.get("expr") or target["query"])
    kind = kind_over_time(language, text)
    return Query(where, language, kind, text, minutes=minutes, may_be_empty="nothing of the kind happened")
