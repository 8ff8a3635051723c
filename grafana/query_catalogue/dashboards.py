"""The queries of a dashboard's JSON: panels, variables, annotations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grafana.query_catalogue.query import LANGUAGES, Query, kind_of_traceql, kind_over_time
from grafana.query_catalogue.variables import fill, macros, of_dashboard

_LABEL_VALUES = re.compile(r"label_values\(\s*(?:(?P<selector>.+?)\s*,\s*)?(?P<label>\w+)\s*\)")
_QUERY_RESULT = re.compile(r"query_result\((.+)\)", re.DOTALL)
_LEGEND_LABEL = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_MINUTES = re.compile(r"now-(\d+)([mh])")

#: Series of the service graph that the Tempo data source asks Prometheus for; a call that never failed has none.
_SERVICE_MAP = (
    ("sum by (client, server) (rate(traces_service_graph_request_total{selector}[$__range]))", ""),
    ("sum by (client, server) (rate(traces_service_graph_request_server_seconds_sum{selector}[$__range]))", ""),
    (
        "sum by (client, server) (rate(traces_service_graph_request_failed_total{selector}[$__range]))",
        "no call failed",
    ),
)


def dashboard_files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.json"))


def panels_of(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every panel, those of a collapsed row included."""
    for panel in document.get("panels", []):
        yield panel
        yield from panel.get("panels", [])


def minutes_of(document: Mapping[str, Any]) -> int:
    """The range with which a dashboard opens. Raises ValueError for one that is not like `now-15m`."""
    text = str(document.get("time", {}).get("from", "now-15m"))
    found = _MINUTES.fullmatch(text)
    if found is None:
        raise ValueError(f"the range begins at {text!r}, which is not like now-15m")
    return int(found[1]) * (60 if found[2] == "h" else 1)


def queries_of_dashboard(file: Path) -> list[Query]:
    """Raises UnknownVariable when a query names a variable that the dashboard does not have."""
    document = json.loads(file.read_text(encoding="utf-8"))
    return list(_Reader(document).queries())


@dataclass
class _Reader:
    document: Mapping[str, Any]

    def __post_init__(self) -> None:
        self.name = f"dashboard {self.document['uid']}"
        self.minutes = minutes_of(self.document)
        values, self.texts = of_dashboard(self.document.get("templating", {}).get("list", []))
        self.values = values | macros(self.minutes)

    def queries(self) -> Iterator[Query]:
        for panel in panels_of(self.document):
            yield from self._of_panel(panel)
        for variable in self.document.get("templating", {}).get("list", []):
            if variable.get("type") == "query":
                yield self._of_variable(variable)
        for annotation in self.document.get("annotations", {}).get("list", []):
            uid = (annotation.get("datasource") or {}).get("uid")
            if uid in LANGUAGES:
                yield self._of_annotation(annotation, uid)

    def _fill(self, text: str) -> str:
        return fill(text, self.values, self.texts)

    def _of_panel(self, panel: Mapping[str, Any]) -> Iterator[Query]:
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        for target in panel.get("targets", []):
            uid = (target.get("datasource") or panel.get("datasource") or {}).get("uid", "")
            if target.get("hide") or uid not in LANGUAGES:
                continue
            where = f'{self.name}, panel "{panel.get("title", "")}", {target.get("refId", "")}'
            for query in self._of_target(where, uid, target):
                legend = str(target.get("legendFormat", ""))
                yield Query(
                    where,
                    query.language,
                    query.kind,
                    query.text,
                    minutes=self.minutes,
                    may_be_empty=query.may_be_empty or str(defaults.get("noValue", "")),
                    unit=str(defaults.get("unit", "")),
                    legend_labels=tuple(_LEGEND_LABEL.findall(legend)),
                )

    def _of_target(self, where: str, uid: str, target: Mapping[str, Any]) -> Iterator[Query]:
        language = LANGUAGES[uid]
        if uid == "prometheus":
            instant = target.get("instant") and not target.get("range")
            yield Query(where, language, "instant" if instant else "range", self._fill(target["expr"]))
        elif uid == "loki":
            instant = target.get("queryType") == "instant"
            yield Query(where, language, "instant" if instant else "range", self._fill(target["expr"]))
        elif target.get("queryType") == "serviceMap":
            selector = self._fill(target.get("serviceMapQuery") or "")
            for text, may_be_empty in _SERVICE_MAP:
                yield Query(
                    where,
                    "promql",
                    "instant",
                    self._fill(text.replace("{selector}", selector)),
                    may_be_empty=may_be_empty,
                )
        else:
            text = self._fill(target["query"])
            yield Query(where, language, kind_of_traceql(text), text)

    def _of_variable(self, variable: Mapping[str, Any]) -> Query:
        where = f"{self.name}, variable {variable['name']}"
        uid = variable["datasource"]["uid"]
        asked = variable["query"]
        if uid == "loki":
            return Query(
                where, "logql", "label values", self._fill(asked.get("stream", "")), asked["label"], self.minutes
            )
        if uid == "tempo":
            return Query(where, "traceql", "label values", "", asked["label"], self.minutes)
        text = self._fill(asked if isinstance(asked, str) else asked["query"])
        values = _LABEL_VALUES.fullmatch(text)
        if values:
            return Query(where, "promql", "label values", values["selector"] or "", values["label"], self.minutes)
        result = _QUERY_RESULT.fullmatch(text)
        return Query(where, "promql", "instant", result[1] if result else text, minutes=self.minutes)

    def _of_annotation(self, annotation: Mapping[str, Any], uid: str) -> Query:
        where = f'{self.name}, annotation "{annotation["name"]}"'
        target = annotation.get("target") or {}
        text = self._fill(annotation.get("expr") or target.get("expr") or target.get("query") or "")
        language = LANGUAGES[uid]
        kind = kind_over_time(language, text)
        return Query(where, language, kind, text, minutes=self.minutes, may_be_empty="nothing of the kind happened")
