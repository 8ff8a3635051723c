"""The queries behind Grafana's links: what is asked when a span, a log line, an exemplar or a value is clicked.

They stand in the data sources' provisioning. What they ask about is only known at the click, so each is a template,
with what has to be found first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from grafana.query_catalogue.query import LANGUAGES, Query, kind_over_time
from grafana.query_catalogue.variables import fill, macros

DATA_SOURCES = Path(__file__).parents[2] / "grafana/provisioning/datasources/lab.yml"

_MACRO_MINUTES = 15


@dataclass(frozen=True)
class Click:
    """A link to follow: where it is offered, and what it then asks."""

    where: str
    #: uid of the data source whose answers have the link.
    source: str
    #: What of the answer is clicked: `span`, `line`, `exemplar`, or the name of a field.
    on: str
    #: uid of the data source that is asked.
    target: str
    #: With Grafana's variables in it.
    template: str
    #: Takes the variables out of the text of the field; None when the variables are there without.
    pattern: re.Pattern[str] | None = None

    def query(self, values: Mapping[str, str]) -> Query:
        """What is asked, with the variables of the click. Raises UnknownVariable when one is missing."""
        text = fill(self.template, {**values, **macros(_MACRO_MINUTES)})
        language = LANGUAGES[self.target]
        return Query(self.where, language, kind_over_time(language, text), text)

    def taken_from(self, text: str) -> dict[str, str] | None:
        """The variables that the field's text gives; None when Grafana would not show the link there."""
        if self.pattern is None:
            return {}
        found = self.pattern.search(text)
        return None if found is None else found.groupdict()


def provisioned_clicks(file: Path = DATA_SOURCES) -> list[Click]:
    """Every link of every data source."""
    sources = as_grafana_reads(yaml.safe_load(file.read_text(encoding="utf-8")))["datasources"]
    return [click for source in sources for click in _clicks_of(source)]


def as_grafana_reads(value: Any) -> Any:
    """The content of a provisioning file after Grafana has replaced environment variables in it: `$$` is one `$`.

    Raises ValueError for a single `$`, which would silently become nothing.
    """
    if isinstance(value, dict):
        return {key: as_grafana_reads(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_grafana_reads(item) for item in value]
    if isinstance(value, str):
        parts = value.split("$$")
        if any("$" in part for part in parts):
            raise ValueError(f"write $$ for a dollar sign, or Grafana takes it for a variable's: {value!r}")
        return "$".join(parts)
    return value


def _clicks_of(source: Mapping[str, Any]) -> Iterator[Click]:
    uid, settings = source["uid"], source.get("jsonData", {})
    for exemplar in settings.get("exemplarTraceIdDestinations", []):
        where = f"{uid}, exemplar with {exemplar['name']}"
        yield Click(where, uid, "exemplar", exemplar["datasourceUid"], f"${{{exemplar['name']}}}")
    for field in settings.get("derivedFields", []):
        pattern = re.compile(field["matcherRegex"]) if field.get("matcherType") != "label" else None
        on = "line" if pattern else field["matcherRegex"].strip("^$")
        yield Click(f"{uid}, derived field {field['name']}", uid, on, field["datasourceUid"], field["url"], pattern)
    logs = settings.get("tracesToLogsV2")
    if logs:
        yield Click(f"{uid}, logs of a span", uid, "span", logs["datasourceUid"], logs["query"])
    metrics = settings.get("tracesToMetrics", {})
    for query in metrics.get("queries", []):
        where = f"{uid}, metrics of a span: {query['name']}"
        yield Click(where, uid, "span", metrics["datasourceUid"], query["query"])
    for correlation in source.get("correlations", []):
        yield _correlation(uid, correlation)


def _correlation(uid: str, correlation: Mapping[str, Any]) -> Click:
    config = correlation["config"]
    target = config["target"]
    (transformation,) = config.get("transformations", [None])
    pattern = None
    if transformation is not None:
        # JavaScript writes named groups without the P.
        expression = re.sub(r"\(\?<(?![=!])", "(?P<", transformation["expression"])
        pattern = re.compile(expression, re.IGNORECASE)
    return Click(
        f"{uid}, correlation {correlation['label']!r}",
        uid,
        config["field"],
        correlation["targetUID"],
        target.get("expr") or target["query"],
        pattern,
    )
