"""One function for each type of panel. What every panel has to say is asked for by name:

- `shows`: what is to be seen; `bad_day`: how it looks when something is wrong. Together they are the description.
- `unit`: how numbers are written (`units.py`).
- `queries`: from `queries.py`; they get the letters A, B, C … in this order.
- `empty`: only where a healthy lab rightly has no data: the sentence to show then ("no errors: good").

They return foundation-sdk's builders, so anything else can be said with their own methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Literal, Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, nodegraph, statetimeline
from grafana_foundation_sdk.builders import gauge as gauges
from grafana_foundation_sdk.builders import heatmap as heatmaps
from grafana_foundation_sdk.builders import logs as log_panels
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.builders import table as table_panels
from grafana_foundation_sdk.builders import text as texts
from grafana_foundation_sdk.builders import timeseries as time_series
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import DashboardLink, DynamicConfigValue
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode, HeatmapColorScale
from grafana_foundation_sdk.models.text import TextMode

from grafana.source import colours, slo, tables
from grafana.source.colouring import absent, colour_series, fixed, from_thresholds, shades, states
from grafana.source.datasources import MIXED
from grafana.source.queries import Query
from grafana.source.tables import Column

#: In the first seconds of a lab, or without any traffic, there is nothing to show yet.
_NOT_YET = "no data yet"
#: prometheus-client reads them from /proc.
NO_PROCESS_METRICS = "no data yet; processes are measured on Linux only"

Links = Sequence[dashboard.DashboardLink]
#: Number to (word, colour).
States = Mapping[int, tuple[str, str]]


class _AnyPanel(Protocol):
    """What the builders of all panel types have."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: DataSourceRef) -> Self: ...
    def with_target(self, target: Builder[Dataquery]) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...
    def data_links(self, links: list[Builder[DashboardLink]]) -> Self: ...


P = TypeVar("P", bound=_AnyPanel)


def timeseries(
    title: str,
    *,
    shows: str,
    bad_day: str,
    unit: str,
    queries: Sequence[Query],
    colour_by: Mapping[str, str] | None = None,
    thresholds: dashboard.ThresholdsConfig | None = None,
    soft_max: float | None = None,
    maximum: float | None = None,
    stacked: bool = False,
    bars: bool = False,
    legend: Literal["list", "table", "right", "none"] = "list",
    decimals: int | None = None,
    empty: str | None = None,
    links: Links = (),
) -> time_series.Panel:
    """Lines over time, from 0. `soft_max` keeps small values small: the axis reaches at least to there.

    `colour_by` is one of the mappings of `colours.py`, matched against the names of the series; others get shades of
    blue. Thresholds are dashed lines. `bars` is for counts of a moment, `stacked` for parts of a whole."""
    panel = _common(time_series.Panel(), title, shows, bad_day, queries, empty, links).unit(unit).min(0)
    panel.color_scheme(shades()).line_width(2).fill_opacity(8).point_size(4)
    panel.show_points(shapes.VisibilityMode.AUTO).legend(_legend(legend))
    panel.tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING))
    if decimals is not None:
        panel.decimals(decimals)
    if soft_max is not None:
        panel.axis_soft_max(soft_max)
    if maximum is not None:
        panel.max(maximum)
    if thresholds is not None:
        panel.thresholds(thresholds)
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED))
    if stacked:
        # Areas without lines: a part that is 0 would otherwise colour the top of all others.
        panel.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL).group("A")).fill_opacity(65)
        panel.line_width(0).show_points(shapes.VisibilityMode.NEVER)
    if bars:
        panel.draw_style(shapes.GraphDrawStyle.BARS).fill_opacity(60).line_width(0)
    if colour_by:
        colour_series(panel, colour_by)
    return panel


def as_limit(panel: time_series.Panel, name: str) -> time_series.Panel:
    """Draws series `name` as a border: dashed, with nothing below it."""
    dashes = {"fill": "dash", "dash": [10, 10]}
    return panel.override_by_name(
        name,
        [
            DynamicConfigValue(id_val="custom.fillOpacity", value=0),
            DynamicConfigValue(id_val="custom.lineStyle", value=dashes),
        ],
    )


def stat(
    title: str,
    *,
    shows: str,
    bad_day: str,
    unit: str,
    queries: Sequence[Query],
    thresholds: dashboard.ThresholdsConfig | None = None,
    states_of: States | None = None,
    sparkline: bool = True,
    names: bool = False,
    decimals: int | None = None,
    empty: str | None = None,
    links: Links = (),
) -> stats.Panel:
    """One big number (`names`: several, each with its name). Without thresholds it is neutral: nothing to judge."""
    panel = _common(stats.Panel(), title, shows, bad_day, queries, empty, links).unit(unit)
    panel.thresholds(thresholds or slo.only(colours.UNJUDGED)).color_scheme(from_thresholds()).reduce_options(_last())
    panel.graph_mode(shapes.BigValueGraphMode.AREA if sparkline else shapes.BigValueGraphMode.NONE)
    panel.color_mode(shapes.BigValueColorMode.VALUE)
    panel.text_mode(shapes.BigValueTextMode.VALUE_AND_NAME if names else shapes.BigValueTextMode.VALUE)
    panel.justify_mode(shapes.BigValueJustifyMode.AUTO).orientation(shapes.VizOrientation.AUTO)
    if decimals is not None:
        panel.decimals(decimals)
    # Begins with what it says without data; Grafana takes the first mapping that fits.
    return panel.mappings([absent(empty or _NOT_YET), *states(states_of or {})])


def gauge(
    title: str,
    *,
    shows: str,
    bad_day: str,
    unit: str,
    queries: Sequence[Query],
    thresholds: dashboard.ThresholdsConfig,
    maximum: float,
) -> gauges.Panel:
    """A dial from 0 to `maximum`: for what has a limit."""
    panel = _common(gauges.Panel(), title, shows, bad_day, queries).unit(unit).min(0).max(maximum)
    panel.thresholds(thresholds).color_scheme(from_thresholds()).reduce_options(_last())
    panel.mappings([absent(_NOT_YET)])
    return panel.show_threshold_markers(True).show_threshold_labels(False)


def bar_gauge(
    title: str,
    *,
    shows: str,
    bad_day: str,
    unit: str,
    queries: Sequence[Query],
    colour_by: Mapping[str, str] | None = None,
) -> bargauge.Panel:
    """A bar for each series, longest meaning most. Coloured by name with `colour_by`, otherwise all alike."""
    panel = _common(bargauge.Panel(), title, shows, bad_day, queries).unit(unit).min(0)
    panel.reduce_options(_last()).orientation(shapes.VizOrientation.HORIZONTAL)
    panel.display_mode(shapes.BarGaugeDisplayMode.BASIC).show_unfilled(True)
    panel.value_mode(shapes.BarGaugeValueMode.TEXT).name_placement(shapes.BarGaugeNamePlacement.AUTO)
    panel.thresholds(slo.only(colours.UNJUDGED)).color_scheme(from_thresholds())
    if colour_by:
        colour_series(panel, colour_by)
    return panel


def table(
    title: str,
    *,
    shows: str,
    bad_day: str,
    queries: Sequence[Query],
    columns: Mapping[str, Column],
    sort_by: str | None = None,
    descending: bool = True,
    empty: str | None = None,
) -> table_panels.Panel:
    """Rows and columns, `columns` by field name. Metrics need `prometheus_now(…, table=True)`.

    `sort_by` is a column's title."""
    panel = _table(title, shows, bad_day, queries, empty, sort_by, descending)
    tables.arrange(panel, columns, queries=len(queries))
    return panel


def trace_table(
    title: str,
    *,
    shows: str,
    bad_day: str,
    query: Query,
    columns: Mapping[str, Column] | None = None,
    empty: str | None = None,
) -> table_panels.Panel:
    """What a TraceQL search finds, as Grafana's Tempo data source arranges it; the trace id leads to the trace.

    `columns` adds units, widths and thresholds by that data source's own heads: `Trace ID`, `Start time`, `Service`,
    `Name`, `Duration` (in ms). A search has no order of its own: the panel puts the slowest first."""
    panel = _table(title, shows, bad_day, [query], empty, "Duration", True)
    tables.style(panel, columns or {})
    return panel


def heatmap(
    title: str,
    *,
    shows: str,
    bad_day: str,
    unit: str,
    queries: Sequence[Query],
    links: Links = (),
) -> heatmaps.Panel:
    """Where requests pile up over time, from a histogram's buckets (`prometheus_buckets`); dots are exemplars."""
    panel = _common(heatmaps.Panel(), title, shows, bad_day, queries, links=links)
    panel.calculate(False).y_axis(heatmaps.YAxisConfig().unit(unit).axis_placement(shapes.AxisPlacement.LEFT))
    panel.color(
        heatmaps.HeatmapColorOptions()
        .mode(HeatmapColorMode.SCHEME)
        # From dark to bright in one hue: more requests, not better or worse ones.
        .scheme("Blues")
        .scale(HeatmapColorScale.EXPONENTIAL)
        .exponent(0.5)
        .steps(32)
        .reverse(False)
        .fill(colours.NEUTRAL)
    )
    panel.exemplars_color(colours.EXEMPLAR).cell_gap(1).show_legend()
    panel.filter_values(heatmaps.FilterValueRange().le(1e-9))
    panel.tooltip(heatmaps.HeatmapTooltip().mode(shapes.TooltipDisplayMode.SINGLE).y_histogram(True))
    panel.rows_frame(heatmaps.RowsHeatmapOptions().layout(shapes.HeatmapCellLayout.AUTO))
    return panel.cell_values(heatmaps.CellValues().unit("reqps"))


def logs(
    title: str,
    *,
    shows: str,
    bad_day: str,
    query: Query,
    empty: str | None = None,
) -> log_panels.Panel:
    """Log lines, newest first; opening one shows its fields and the link to its trace."""
    panel = _common(log_panels.Panel(), title, shows, bad_day, [query], empty)
    panel.show_time(True).show_labels(False).show_common_labels(False).wrap_log_message(False)
    panel.prettify_log_message(False).enable_log_details(True).show_log_context_toggle(True)
    return panel.sort_order(shapes.LogsSortOrder.DESCENDING).dedup_strategy(shapes.LogsDedupStrategy.NONE)


def node_graph(title: str, *, shows: str, bad_day: str, query: Query) -> nodegraph.Panel:
    """Nodes and edges from a service map query. Rates are per minute in what Tempo's data source makes of it."""
    return _common(nodegraph.Panel(), title, shows, bad_day, [query])


def state_timeline(
    title: str,
    *,
    shows: str,
    bad_day: str,
    queries: Sequence[Query],
    states_of: States,
    empty: str | None = None,
) -> statetimeline.Panel:
    """A band for each series that changes colour with its state."""
    panel = _common(statetimeline.Panel(), title, shows, bad_day, queries, empty).unit("none")
    # One colour for all, which the mapping overrides: with thresholds, Grafana would merge values by them instead.
    panel.color_scheme(fixed(colours.NEUTRAL)).mappings(list(states(states_of)))
    panel.merge_values(True).show_value(shapes.VisibilityMode.NEVER).row_height(0.8).fill_opacity(80)
    return panel.legend(_legend("none"))


def text(title: str, markdown: str) -> texts.Panel:
    """Words, in Markdown."""
    return texts.Panel().title(title).mode(TextMode.MARKDOWN).content(markdown).transparent(True)


def _common(
    panel: P,
    title: str,
    shows: str,
    bad_day: str,
    queries: Sequence[Query],
    empty: str | None = None,
    links: Links = (),
) -> P:
    if not queries:
        raise ValueError(f"panel {title!r} has no query")
    panel.title(title).description(f"{shows}\n\n**A bad day:** {bad_day}")
    sources = []
    for letter, query in zip(ascii_uppercase, queries, strict=False):
        panel.with_target(query.ref_id(letter))
        source = query.build().datasource
        if source not in sources:
            sources.append(source)
    panel.datasource(sources[0] if len(sources) == 1 and sources[0] else MIXED)
    if empty is not None:
        panel.no_value(empty)
    if links:
        panel.data_links(list(links))
    return panel


def _table(
    title: str,
    shows: str,
    bad_day: str,
    queries: Sequence[Query],
    empty: str | None,
    sort_by: str | None,
    descending: bool,
) -> table_panels.Panel:
    panel = _common(table_panels.Panel(), title, shows, bad_day, queries, empty)
    # Columns may be narrow: Grafana's default of 150 px makes a table scroll sideways.
    panel.show_header(True).cell_height(shapes.TableCellHeight.SM).filterable(False).min_width(60)
    if sort_by:
        panel.sort_by([common.TableSortByFieldState().display_name(sort_by).desc(descending)])
    return panel


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)


def _legend(kind: Literal["list", "table", "right", "none"]) -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(kind != "none")
    if kind in ("table", "right"):
        legend.display_mode(shapes.LegendDisplayMode.TABLE).calcs(["mean", "max", "lastNotNull"])
        legend.sort_by("Mean").sort_desc(True)
    else:
        legend.display_mode(shapes.LegendDisplayMode.LIST).calcs([])
    side = shapes.LegendPlacement.RIGHT if kind == "right" else shapes.LegendPlacement.BOTTOM
    return legend.placement(side)
