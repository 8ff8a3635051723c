"""Events: what is told by whom, how long until everybody has heard of it, what waits, what fails."""

from __future__ import annotations

from grafana.source import colours, links, panels, slo, units, variables
from grafana.source.exchange import parts
from grafana.source.layout import Page, PanelBuilder, band, section, top
from grafana.source.queries import prometheus, prometheus_buckets, prometheus_now
from grafana.source.tables import Column

#: What became of an event. One that is repeated had been handled before: it does no harm, and costs.
_OUTCOMES = {
    "handled": "#6CA6E8",
    "repeated": colours.WATCH,
    "failed": colours.BAD,
    "failed_after_commit": "#A3122A",
}


def dashboard() -> Page:
    return Page(
        uid="exchange-events",
        description=(
            "What follows from an order after its trader has his answer. No request shows it: it is told by events, "
            "over Redis, and from the outbox when Redis does not carry them."
        ),
        variables=[variables.percentile()],
        sections=[
            top(band(4, _published(), _handled(), parts.worst_lag("Lag, p95"), parts.waiting(), _failed(), _left())),
            section("On their way", band(8, _by_name(), _by_group(), parts.lag())),
            section("What goes wrong", band(8, _waiting(), _not_simply_handled(), _left_by_name())),
            section("By group", band(10, (_table(), 13), (_lags(), 11))),
            section("Users who are told at once", band(8, _websockets(), _messages(), _ended())),
            section("Behind the numbers", band(10, _slowest(), _lines())),
        ],
    )


def _published() -> PanelBuilder:
    return panels.stat(
        "Published",
        shows="Events sent over Redis each second.",
        bad_day="0 while orders come: Redis is away, and events take the slow way.",
        unit=units.PER_SECOND,
        queries=[prometheus('sum(rate(exchange_events_published_total{outcome="published"}[1m])) or vector(0)')],
        decimals=1,
    )


def _handled() -> PanelBuilder:
    return panels.stat(
        "Handled",
        shows="Events handled each second, by all groups: what several are told of counts several times.",
        bad_day="It falls while what is published does not.",
        unit=units.PER_SECOND,
        queries=[prometheus('sum(rate(exchange_events_handled_total{outcome="handled"}[1m]))')],
        decimals=1,
    )


def _failed() -> PanelBuilder:
    return panels.stat(
        "Failed attempts",
        shows="Attempts to handle an event that failed, in the time range. The event is put aside and tried again.",
        bad_day="Not 0. If it grows and grows: an event that can never be handled.",
        unit=units.COUNT,
        queries=[prometheus_now('sum(increase(exchange_events_handled_total{outcome=~"failed.*"}[$__range]))')],
        thresholds=slo.rising(None, 1),
        sparkline=False,
        decimals=0,
        links=[links.to_logs("What failed", f'{{{parts.STREAMS}, level="error"}} |= "vent" | json')],
    )


def _left() -> PanelBuilder:
    return panels.stat(
        "Left in the outbox",
        shows="Events of the time range that were not published, because Redis did not answer.",
        bad_day="Not 0: Redis was away. They are handled all the same, some seconds later.",
        unit=units.COUNT,
        queries=[
            prometheus_now(
                'sum(increase(exchange_events_published_total{outcome="left"}[$__range])) or vector(0)',
            )
        ],
        thresholds=slo.rising(1, 20),
        sparkline=False,
        decimals=0,
    )


def _by_name() -> PanelBuilder:
    return panels.timeseries(
        "Published, by event",
        shows="`order_…` by the order manager, the others by the matching engine, each second.",
        bad_day="`order_created` without `market_data`: the engine does not work. All stop: Redis is away.",
        unit=units.PER_SECOND,
        queries=[
            prometheus('sum by (name) (rate(exchange_events_published_total{outcome="published"}[1m]))', "{{name}}")
        ],
        colour_by=parts.EVENTS,
        stacked=True,
        empty="nothing was published",
        links=[links.to_traces("Traces with such an event", '{ name = "PUBLISH ${__field.labels.name}" }')],
    )


def _by_group() -> PanelBuilder:
    return panels.timeseries(
        "Handled, by group",
        shows="Events each second that a group has handled. A group is a service that each event is told to.",
        bad_day="One group falls to 0 while the others go on: that service is away, or stuck.",
        unit=units.PER_SECOND,
        queries=[
            prometheus('sum by (group) (rate(exchange_events_handled_total{outcome="handled"}[1m]))', "{{group}}")
        ],
        colour_by=colours.EXCHANGE,
        links=[parts.lines_of_series("group")],
    )


def _waiting() -> PanelBuilder:
    return panels.timeseries(
        "Waiting, by group",
        shows="Events older than two seconds that a group has not handled, as it finds them in the outbox.",
        bad_day="A staircase: one event can never be handled. A slope: the group is slower than what comes.",
        unit=units.COUNT,
        queries=[prometheus("max by (group) (exchange_events_waiting)", "{{group}}")],
        colour_by=colours.EXCHANGE,
        soft_max=5,
        decimals=0,
        links=[parts.lines_of_series("group")],
    )


def _not_simply_handled() -> PanelBuilder:
    return panels.timeseries(
        "Repeated and failed",
        shows=(
            "Events each second that were told again although they had been handled, and attempts that failed. After "
            "the start of a service some are repeated."
        ),
        bad_day="Repeated all the time: nobody says that it has handled them. Red: what it does fails.",
        unit=units.PER_SECOND,
        queries=[
            prometheus(
                'sum by (group, outcome) (rate(exchange_events_handled_total{outcome!="handled"}[1m])) > 0',
                "{{group}} {{outcome}}",
            )
        ],
        colour_by={rf"\b{name}$": colour for name, colour in _OUTCOMES.items()},
        empty="none: good",
        links=[parts.lines_of_series("group")],
    )


def _left_by_name() -> PanelBuilder:
    return panels.timeseries(
        "Left in the outbox, by event",
        shows="Events each second that could not be published.",
        bad_day="Anything: Redis does not answer.",
        unit=units.PER_SECOND,
        queries=[
            prometheus('sum by (name) (rate(exchange_events_published_total{outcome="left"}[1m])) > 0', "{{name}}")
        ],
        colour_by=parts.EVENTS,
        stacked=True,
        empty="none: good",
    )


def _table() -> PanelBuilder:
    of_outcome = "sum by (group, name) (rate(exchange_events_handled_total{{outcome=~{}}}[1m]))"
    return panels.table(
        "Who handles what",
        shows="Groups and the events that they are told of, in the last minute.",
        bad_day="Something failed, or is repeated; a group with 0 for an event that is published.",
        queries=[
            prometheus_now(of_outcome.format('"handled"'), table=True),
            prometheus_now(of_outcome.format('"repeated"'), table=True),
            prometheus_now(of_outcome.format('"failed.*"'), table=True),
        ],
        columns={
            "group": Column("Group"),
            "name": Column("Event"),
            "Value #A": Column("Handled", unit=units.PER_SECOND, decimals=2),
            "Value #B": Column("Repeated", unit=units.PER_SECOND, decimals=2),
            "Value #C": Column("Failed", unit=units.PER_SECOND, decimals=2, thresholds=slo.rising(None, 0.001)),
        },
        sort_by="Group",
        descending=False,
    )


def _lags() -> PanelBuilder:
    return panels.heatmap(
        "How late events are",
        shows="Each cell is how many events a second were handled so long after their creation. Dots lead to traces.",
        bad_day="A second band at two seconds and more: events that came from the outbox.",
        unit=units.SECONDS,
        queries=[prometheus_buckets("sum by (le) (rate(exchange_event_lag_seconds_bucket[$__rate_interval]))")],
        links=[links.to_traces("Slow handling", "{ kind = consumer && duration > 50ms }")],
    )


def _websockets() -> PanelBuilder:
    return panels.timeseries(
        "Open connections",
        shows="WebSockets whose token was accepted: trading pages that hear of their orders at once.",
        bad_day="All fall to 0: the notification service was started again. They come back by themselves.",
        unit=units.COUNT,
        queries=[prometheus("sum(exchange_websockets)", "connections")],
        colour_by={"connections": colours.EXCHANGE["notification-service"]},
        soft_max=5,
        decimals=0,
    )


def _messages() -> PanelBuilder:
    return panels.timeseries(
        "Messages to users",
        shows="Messages each second to those who are connected; nobody connected is 0.",
        bad_day="0 while there are connections and trades.",
        unit=units.PER_SECOND,
        queries=[prometheus("sum by (type) (rate(exchange_notifications_total[1m]))", "{{type}}")],
        colour_by={"fill": "#22BFC8", "order_closed": "#B58BD9", "market_data": "#C8AD7F"},
    )


def _ended() -> PanelBuilder:
    return panels.timeseries(
        "Connections that ended, by reason",
        shows="Connections each second that ended, and why. `left` closed the page.",
        bad_day="`too_slow`, `full`, `unavailable`: the service gave up on them.",
        unit=units.PER_SECOND,
        queries=[prometheus("sum by (reason) (rate(exchange_websockets_ended_total[1m])) > 0", "{{reason}}")],
        colour_by={
            "left": "#6CA6E8",
            "shutdown": colours.NEUTRAL,
            "token_expired": "#C8AD7F",
            "refused": colours.WATCH,
            "misused": "#B58BD9",
            "too_slow": colours.BAD,
            "full": "#E02F44",
            "unavailable": "#A3122A",
        },
        stacked=True,
        empty="none ended",
    )


def _slowest() -> PanelBuilder:
    return parts.slowest_spans("Slowest handling", "kind = consumer", longer_than="10ms", what="Handling of events")


def _lines() -> PanelBuilder:
    return parts.lines(
        "What is said about events",
        shows="Lines of all services that name an event: one that failed, one that was late, one that stays behind.",
        bad_day="The same event again and again, with a growing number of attempts.",
        only='event_name != ""',
        empty="nothing unusual: good",
    )
