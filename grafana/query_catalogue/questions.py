"""What a dashboard asks, for whoever draws it: each question with its panel's letter, filled in for a view.

The one place where variables and macros of the committed dashboards are filled in. Asking, and drawing the answers, is
the reader's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana.query_catalogue.query import LANGUAGES, Kind, kind_of_traceql, kind_over_time
from grafana.query_catalogue.variables import INTERVAL_SECONDS, fill, macros, of_dashboard, parameters_of

_LABEL_VALUES = re.compile(r"label_values\(\s*(?:(?P<selector>.+?)\s*,\s*)?(?P<label>\w+)\s*\)")
_QUERY_RESULT = re.compile(r"query_result\((.+)\)", re.DOTALL)
_MINUTES = re.compile(r"now-(\d+)([mh])")
_DURATION = re.compile(r">?(\d+)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}

#: Steps that fall on round times.
_STEPS_SECONDS = (5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)

#: Series of the service graph that the Tempo data source asks Prometheus for; a call that never failed has none.
_SERVICE_MAP = (
    ("requests", "sum by (client, server) (rate(traces_service_graph_request_total{selector}[$__range]))", ""),
    (
        "seconds",
        "sum by (client, server) (rate(traces_service_graph_request_server_seconds_sum{selector}[$__range]))",
        "",
    ),
    (
        "failed",
        "sum by (client, server) (rate(traces_service_graph_request_failed_total{selector}[$__range]))",
        "no call failed",
    ),
)


@dataclass(frozen=True)
class Question:
    """What one target of a panel asks, or a variable or an annotation; nothing is left to be filled in."""

    #: uid of the data source that is asked: prometheus, loki, tempo.
    source: str
    kind: Kind
    #: PromQL, LogQL or TraceQL; of `label values` the selector, "" for everything.
    text: str
    #: The target's letter in its panel.
    ref_id: str = ""
    #: The label that `label values` asks for.
    label: str = ""
    #: Of a service map, which asks three times: requests, seconds, failed.
    part: str = ""
    #: How series are called: `{{service}}` stands for a label's value.
    legend: str = ""
    #: Form of the answer: time_series, table, heatmap, logs, traces, spans, service map.
    form: str = "time_series"
    step_seconds: int = INTERVAL_SECONDS
    #: Lines or traces at most; 0 when the query says nothing.
    limit: int = 0
    #: Whether single requests are drawn beside the values.
    exemplars: bool = False
    #: Why there may rightly be no answer; empty when there has to be one.
    may_be_empty: str = ""


@dataclass(frozen=True)
class View:
    """How a dashboard is looked at."""

    range_seconds: int
    #: How many points a line may have at most; 0 for the smallest step.
    points: int = 0
    #: Values by a variable's name; one that is missing is as the dashboard opens.
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def step_seconds(self, at_least: int = INTERVAL_SECONDS) -> int:
        """The shortest round step that keeps to the number of points."""
        wanted = max(at_least, self.range_seconds / self.points if self.points else 0)
        return next((step for step in _STEPS_SECONDS if step >= wanted), _STEPS_SECONDS[-1])


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


class Questions:
    """The questions of one dashboard's JSON. Every method raises UnknownVariable for a variable that is not there."""

    def __init__(self, document: Mapping[str, Any], view: View | None = None) -> None:
        self._document = document
        self._view = view or View(minutes_of(document) * 60)
        self._templating = document.get("templating", {}).get("list", [])
        self._values, self._texts = of_dashboard(self._templating, self._view.chosen)
        self._parameters = parameters_of(self._templating, self._view.chosen)

    def of_panel(self, panel: Mapping[str, Any]) -> list[Question]:
        """One for each target that is not hidden and whose data source is known; a service map asks three times."""
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        may_be_empty = str(defaults.get("noValue", ""))
        step = self._view.step_seconds(_seconds(str(panel.get("interval") or "")))
        found: list[Question] = []
        for target in panel.get("targets", []):
            uid = (target.get("datasource") or panel.get("datasource") or {}).get("uid", "")
            if not target.get("hide") and uid in LANGUAGES:
                found.extend(self._of_target(uid, target, step, may_be_empty))
        return found

    def of_variable(self, variable: Mapping[str, Any]) -> Question:
        """What a variable of type `query` asks for its values."""
        uid = variable["datasource"]["uid"]
        asked = variable["query"]
        if uid == "loki":
            return Question(uid, "label values", self._fill(asked.get("stream", "")), label=asked["label"])
        if uid == "tempo":
            return Question(uid, "label values", "", label=asked["label"])
        text = self._fill(asked if isinstance(asked, str) else asked["query"])
        values = _LABEL_VALUES.fullmatch(text)
        if values:
            return Question(uid, "label values", values["selector"] or "", label=values["label"])
        result = _QUERY_RESULT.fullmatch(text)
        return Question(uid, "instant", result[1] if result else text)

    def of_annotation(self, annotation: Mapping[str, Any]) -> Question:
        """What marks moments on every graph."""
        uid = annotation["datasource"]["uid"]
        target = annotation.get("target") or {}
        step = self._view.step_seconds(_seconds(str(annotation.get("step") or "")))
        text = self._fill(annotation.get("expr") or target.get("expr") or target.get("query") or "", step)
        kind = kind_over_time(LANGUAGES[uid], text)
        limit = int(target.get("maxLines") or 0)
        return Question(uid, kind, text, step_seconds=step, limit=limit, may_be_empty="nothing of the kind happened")

    def variables(self) -> Iterator[tuple[Mapping[str, Any], Question]]:
        """Those whose values are asked for, in the order in which they may depend on each other."""
        for variable in self._templating:
            if variable.get("type") == "query":
                yield variable, self.of_variable(variable)

    def annotations(self) -> Iterator[tuple[Mapping[str, Any], Question]]:
        for annotation in self._document.get("annotations", {}).get("list", []):
            if (annotation.get("datasource") or {}).get("uid") in LANGUAGES:
                yield annotation, self.of_annotation(annotation)

    def words(self, text: str) -> str:
        """A title or a link's address: the dashboard's variables are filled in, those of a click stay."""
        return fill(text, self._values, self._texts, self._parameters, leave_built_in=True)

    def _fill(self, text: str, step_seconds: int = INTERVAL_SECONDS) -> str:
        built_in = macros(self._view.range_seconds / 60, step_seconds)
        return fill(text, self._values | built_in, self._texts, self._parameters)

    def _of_target(self, uid: str, target: Mapping[str, Any], step: int, may_be_empty: str) -> Iterator[Question]:
        ref_id, query_type = str(target.get("refId", "")), target.get("queryType")
        if uid == "tempo" and query_type == "serviceMap":
            selector = self._fill(target.get("serviceMapQuery") or "")
            for part, text, reason in _SERVICE_MAP:
                yield Question(
                    "prometheus",
                    "instant",
                    self._fill(text.replace("{selector}", selector)),
                    ref_id=ref_id,
                    part=part,
                    form="service map",
                    may_be_empty=reason or may_be_empty,
                )
            return
        text = self._fill(target["query"] if uid == "tempo" else target["expr"], step)
        kind, form, limit, exemplars = _asked(uid, target, text)
        yield Question(
            uid,
            kind,
            text,
            ref_id=ref_id,
            legend=self.words(str(target.get("legendFormat") or "")),
            form=form,
            step_seconds=step,
            limit=limit,
            exemplars=exemplars,
            may_be_empty=may_be_empty,
        )


def _asked(uid: str, target: Mapping[str, Any], text: str) -> tuple[Kind, str, int, bool]:
    """Kind, form, limit, exemplars."""
    if uid == "prometheus":
        kind: Kind = "instant" if target.get("instant") and not target.get("range") else "range"
        return kind, str(target.get("format") or "time_series"), 0, bool(target.get("exemplar"))
    if uid == "loki":
        kind = "instant" if target.get("queryType") == "instant" else "range"
        return kind, "time_series", int(target.get("maxLines") or 0), False
    kind = kind_of_traceql(text)
    form = str(target.get("tableType") or "traces") if kind == "search" else "time_series"
    return kind, form, int(target.get("limit") or 0), bool(target.get("exemplars"))


def _seconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    return int(found[1]) * _SECONDS[found[2]] if found else INTERVAL_SECONDS
