"""Queries as Grafana's own data sources write them into a dashboard."""

from __future__ import annotations

from typing import Literal

from grafana_foundation_sdk.builders import loki as loki_builders
from grafana_foundation_sdk.builders import prometheus as prometheus_builders
from grafana_foundation_sdk.builders import tempo as tempo_builders
from grafana_foundation_sdk.models.loki import LokiQueryDirection
from grafana_foundation_sdk.models.loki import QueryEditorMode as LokiEditorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode
from grafana_foundation_sdk.models.tempo import MetricsQueryType, SearchTableType

from grafana.source.datasources import LOKI, PROMETHEUS, TEMPO

Query = prometheus_builders.Dataquery | loki_builders.Dataquery | tempo_builders.Dataquery


def prometheus(expression: str, legend: str = "", *, exemplars: bool = False) -> prometheus_builders.Dataquery:
    """PromQL over the time range. `exemplars` asks for the dots that lead to traces; only a query that names the
    buckets of a histogram itself has any, a recording rule has none."""
    query = prometheus_builders.Dataquery().datasource(PROMETHEUS).editor_mode(QueryEditorMode.CODE).range()
    query.expr(expression).exemplar(exemplars)
    if legend:
        query.legend_format(legend)
    return query


def prometheus_now(expression: str, legend: str = "", *, table: bool = False) -> prometheus_builders.Dataquery:
    """PromQL at the end of the time range: for stats without a line, bar gauges and (`table`) tables."""
    query = prometheus_builders.Dataquery().datasource(PROMETHEUS).editor_mode(QueryEditorMode.CODE).instant()
    query.expr(expression).exemplar(False)
    if table:
        query.format(PromQueryFormat.TABLE)
    if legend:
        query.legend_format(legend)
    return query


def prometheus_buckets(expression: str) -> prometheus_builders.Dataquery:
    """Buckets of a histogram by `le`, for a heatmap."""
    return prometheus(expression, "{{le}}", exemplars=True).format(PromQueryFormat.HEATMAP)


def loki(expression: str, legend: str = "", *, limit: int = 200) -> loki_builders.Dataquery:
    """LogQL over the time range: lines (the newest `limit`) or a metric query."""
    query = loki_builders.Dataquery().datasource(LOKI).editor_mode(LokiEditorMode.CODE).query_type("range")
    query.expr(expression).max_lines(limit).direction(LokiQueryDirection.BACKWARD)
    if legend:
        query.legend_format(legend)
    return query


def loki_now(expression: str) -> loki_builders.Dataquery:
    """A LogQL metric query at the end of the time range."""
    query = loki_builders.Dataquery().datasource(LOKI).editor_mode(LokiEditorMode.CODE).query_type("instant")
    return query.expr(expression)


def traces(traceql: str, *, limit: int = 20, rows: Literal["traces", "spans"] = "traces") -> tempo_builders.Dataquery:
    """TraceQL search: a table with one row a trace, or a span, of the newest that match.

    Without the hint Tempo stops at the first ones that it comes upon, of any age."""
    table = SearchTableType.TRACES if rows == "traces" else SearchTableType.SPANS
    return _tempo("traceql").query(f"{traceql} with (most_recent=true)").limit(limit).spss(3).table_type(table)


def trace_metrics(traceql: str, *, exemplars: int = 0) -> tempo_builders.Dataquery:
    """TraceQL metrics over the time range, such as `{ … } | rate() by (name)`."""
    return _tempo("traceql").query(traceql).metrics_query_type(MetricsQueryType.RANGE).exemplars(exemplars)


def service_map() -> tempo_builders.Dataquery:
    """Nodes and edges that Grafana's Tempo data source computes from `traces_service_graph_*` in Prometheus."""
    return _tempo("serviceMap").service_map_query("")


def _tempo(query_type: str) -> tempo_builders.Dataquery:
    return tempo_builders.Dataquery().datasource(TEMPO).query_type(query_type).filters([])
