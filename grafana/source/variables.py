"""The variables at the top of a dashboard. Links keep them, so a choice made once follows the reader."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.source.datasources import PROMETHEUS

Variable = Builder[VariableModel]

#: Choosing "All" selects by this regular expression, so that a new route is in at once. Not `.*`: Loki refuses a
#: selector that could be empty.
EVERYTHING = ".+"

_PERCENTILES = {"p50": "0.5", "p90": "0.9", "p95": "0.95", "p99": "0.99"}


def service(selector: str = 'job="chain"') -> Variable:
    """`$service`: services that Prometheus scrapes, several at once or all. Use as `service=~"$service"`."""
    return _labels("service", "Service", f"label_values(up{{{selector}}}, service)", "Services of the chain.")


def route(service_name: str = "") -> Variable:
    """`$route`: routes of one service, or of those chosen in `$service`. Use as `route=~"$route"`; the services' own
    metrics call it `endpoint`. For the database a route is an operation with its table: `SELECT users`."""
    selector = f'service="{service_name}"' if service_name else 'service=~"$service"'
    query = f"label_values(service_route:requests:rate1m{{{selector}}}, route)"
    return _labels("route", "Route", query, "Route templates, as the application declares them.")


def percentile() -> Variable:
    """`$percentile`: a number for histogram_quantile; `${percentile:text}` is its name, `p95`."""
    default = "p95"
    return (
        builders.CustomVariable("percentile")
        .label("Percentile")
        .description("Which percentile of durations is drawn: p95 means that 95 of 100 requests were faster.")
        .values(", ".join(f"{name} : {value}" for name, value in _PERCENTILES.items()))
        .current(VariableOption(text=default, value=_PERCENTILES[default]))
        .options(
            [VariableOption(selected=name == default, text=name, value=value) for name, value in _PERCENTILES.items()]
        )
        .allow_custom_value(False)
    )


def text(name: str, label: str, description: str, default: str = "") -> Variable:
    """A box to type into, such as a trace id or words to search for."""
    return builders.TextBoxVariable(name).label(label).description(description).default_value(default)


def choice(name: str, label: str, description: str, options: dict[str, str]) -> Variable:
    """A fixed list, `options` being value by text; the first is the default."""
    first = next(iter(options))
    return (
        builders.CustomVariable(name)
        .label(label)
        .description(description)
        .values(", ".join(f"{text} : {value}" for text, value in options.items()))
        .current(VariableOption(text=first, value=options[first]))
        .options([VariableOption(selected=text == first, text=text, value=value) for text, value in options.items()])
        .allow_custom_value(False)
    )


def _labels(name: str, label: str, query: str, description: str) -> Variable:
    return (
        builders.QueryVariable(name)
        .label(label)
        .description(description)
        .datasource(PROMETHEUS)
        # The form of Grafana's own editor: qryType 1 is "label values".
        .query({"query": query, "qryType": 1, "refId": "PrometheusVariableQueryEditor-VariableQuery"})
        .definition(query)
        # Routes appear with their first request, so look again with every change of the time range.
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(EVERYTHING)
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
        .hide(VariableHide.DONT_HIDE)
    )
