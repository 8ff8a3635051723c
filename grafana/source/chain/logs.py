"""Logs: how much is written, by whom, how bad it is, what it says, and the lines themselves.

The queries show what LogQL is for: counting lines by label, taking JSON apart, making one text of many lines.
"""

from __future__ import annotations

from grafana.source import colours, links, panels, slo, units, variables
from grafana.source.layout import Page, Section, band, section, top
from grafana.source.queries import loki, loki_now, prometheus
from grafana.source.tables import Column

_LEVELS = {
    "All": ".+",
    "Errors and warnings": "error|warning|critical",
    "Errors": "error|critical",
    "Warnings": "warning",
    "Info": "info",
}


#: Of less than this, bars are too thin to see.
_BAR = "15s"


def _lines_of(level: str) -> str:
    """The lines that the reader has chosen at the top of the page, of levels that match `level`."""
    return f'{{service=~"$service", level=~"{level}"}} |~ `(?i)$search`'


_CHOSEN = _lines_of("$level")
#: What is wrong stays in sight whatever level is chosen.
_WRONG = _lines_of("error|warning|critical")
_ERRORS = _lines_of("error|critical")

#: Lines that the services have handed over, as they count themselves.
_HANDED_OVER = 'lab_telemetry_emitted_total{signal="logs", service=~"$service"}'

#: The service and the message alone; opening the line shows its fields, and the link to the trace.
_READABLE = "| json | line_format `{{ .service }}: {{ .message }}`"
_ERROR_TYPE = """| json error_type=`["error.type"]` | error_type != "" """.strip()
#: Lines that differ in numbers and quoted words only say the same.
_WITHOUT_VALUES = (
    """| json text="message" | label_format text=`{{ regexReplaceAll "[0-9][0-9.]*|'[^']*'" .text "…" }}`"""
)


def dashboard() -> Page:
    return Page(
        uid="chain-logs",
        description="What the services write: how much, how bad, about what; and the lines, each with its trace.",
        variables=[
            variables.service(),
            variables.choice("level", "Level", "How bad a line has to be.", _LEVELS),
            variables.text("search", "Search", "Words or a regular expression in the line, in upper or lower case."),
        ],
        sections=[_at_a_glance(), _volume(), _what_is_wrong(), _what_lines_say(), _lines()],
    )


def _at_a_glance() -> Section:
    return top(
        band(
            4,
            panels.stat(
                "Errors",
                shows="Lines of level error or critical in the time range: a service could not do its work.",
                bad_day="Anything above 0. The lines stand below, each with the link to its trace.",
                unit=units.COUNT,
                queries=[loki_now(f"sum(count_over_time({_ERRORS} [$__range])) or vector(0)")],
                thresholds=slo.rising(None, 1),
                sparkline=False,
            ),
            panels.stat(
                "Warnings, share of lines",
                shows="Lines of level warning among all lines of the time range. Visitors ask for things that do not "
                "exist, and some queries are slow: 1 to 3 % are normal here.",
                bad_day="Above 5 %: many visitors are turned away, or most queries are slow.",
                unit=units.RATIO,
                decimals=1,
                queries=[
                    loki_now(
                        f"(sum(count_over_time({_lines_of('warning')} [$__range])) or vector(0))"
                        f" / sum(count_over_time({_lines_of('.+')} [$__range]))"
                    )
                ],
                thresholds=slo.rising(0.05, 0.2),
                sparkline=False,
            ),
            panels.stat(
                "Lines per second",
                shows="How many lines arrive that match what is chosen above.",
                bad_day="0 while requests come in: lines get lost on their way (see telemetry health). A jump without "
                "more requests: something repeats itself.",
                unit=units.LINES_PER_SECOND,
                decimals=1,
                queries=[loki(f"sum(rate({_CHOSEN} [1m]))")],
            ),
            panels.stat(
                "Size of the lines",
                shows="Bytes per second of the lines chosen above: what logs cost to send and to keep.",
                bad_day="Grows while the number of lines does not: somebody logs whole answers.",
                unit=units.BYTES_PER_SECOND,
                queries=[loki(f"sum(bytes_rate({_CHOSEN} [1m]))")],
            ),
            panels.stat(
                "Lines per request",
                shows="Lines that the chosen services write for one request of a visitor, told from the metrics: "
                "lines handed over, divided by requests to the frontend.",
                bad_day="Twice as many as usual: calls are repeated, or nothing is found in the cache any more.",
                unit=units.COUNT,
                decimals=1,
                queries=[
                    prometheus(
                        f"sum(rate({_HANDED_OVER}[$__rate_interval]))"
                        " / sum(rate(frontend_requests_total[$__rate_interval]))"
                    )
                ],
            ),
            panels.stat(
                "Lines with a trace id",
                shows="Share of lines that name their trace. The others are not about a request, such as the line of "
                "a service's start.",
                bad_day="Below 99 % under traffic: from those lines no click leads to what happened around them.",
                unit=units.RATIO,
                decimals=1,
                queries=[
                    loki_now(
                        f'sum(count_over_time({_CHOSEN} | json trace_id="trace_id" | trace_id != "" [$__range]))'
                        f" / sum(count_over_time({_CHOSEN} [$__range]))"
                    )
                ],
                thresholds=slo.falling(0.99, 0.9),
                sparkline=False,
            ),
        )
    )


def _volume() -> Section:
    return section(
        "How much",
        band(
            8,
            panels.timeseries(
                "Lines by level",
                shows="Lines in each step of the graph, stacked by level.",
                bad_day="Amber or red grows out of the blue. Drag over it to look at that time alone.",
                unit=units.COUNT,
                queries=[loki(f"sum by (level) (count_over_time({_CHOSEN} [$__interval]))", "{{level}}")],
                colour_by=colours.LEVELS,
                bars=True,
                stacked=True,
            ).interval(_BAR),
            panels.timeseries(
                "Lines by service",
                shows="Lines in each step of the graph, stacked by the service that wrote them.",
                bad_day="One service falls silent while the others write on: it is down, or its lines do not arrive.",
                unit=units.COUNT,
                queries=[loki(f"sum by (service) (count_over_time({_CHOSEN} [$__interval]))", "{{service}}")],
                colour_by=colours.CHAIN,
                bars=True,
                stacked=True,
            ).interval(_BAR),
        ),
    )


def _what_is_wrong() -> Section:
    same_error = '{service=~".+"} |= `"error.type":"${__value.raw}"` | json'
    return section(
        "What is wrong",
        band(
            10,
            (
                panels.logs(
                    "Errors and warnings",
                    shows="The newest lines of level warning and above, whatever level is chosen. Opening one shows "
                    "its fields and the link to its trace.",
                    bad_day="Red lines. Their error.type and duration_ms say what failed and how long it was tried.",
                    query=loki(f"{_WRONG} {_READABLE}", limit=100),
                    empty="Neither warnings nor errors: good.",
                ),
                15,
            ),
            (
                panels.table(
                    "Types of errors",
                    shows="How often each error.type was written in the time range. One failed request is told by "
                    "every service that it passed. Clicking on a type shows its lines.",
                    bad_day="backend_unavailable, database_unavailable or pool_exhausted at the top: a tier is gone "
                    "or full. The types with not_found and invalid are visitors' mistakes.",
                    queries=[
                        loki_now(f"sum by (error_type, service) (count_over_time({_WRONG} {_ERROR_TYPE} [$__range]))")
                    ],
                    columns={
                        "error_type": Column("Error type", links=[links.to_logs("Lines of this type", same_error)]),
                        "service": Column("Service", width=110),
                        "Value #A": Column("Lines", unit=units.COUNT, width=90),
                    },
                    sort_by="Lines",
                    empty="No line names an error: good.",
                ),
                9,
            ),
        ),
        band(
            7,
            panels.timeseries(
                "Errors by type",
                shows="Lines with an error.type in each step of the graph. All types are here, visitors' mistakes too.",
                bad_day="A new colour appears, all at once: that is when it began.",
                unit=units.COUNT,
                queries=[
                    loki(
                        f"sum by (error_type) (count_over_time({_WRONG} {_ERROR_TYPE} [$__interval]))", "{{error_type}}"
                    )
                ],
                colour_by=colours.ERROR_TYPES,
                bars=True,
                stacked=True,
                legend="right",
                empty="No line names an error: good.",
            ).interval(_BAR),
        ),
    )


def _what_lines_say() -> Section:
    counted = f"sum by (text, service, level) (count_over_time({_CHOSEN} {_WITHOUT_VALUES} [$__range]))"
    return section(
        "What the lines say",
        band(
            14,
            panels.table(
                "Messages",
                shows="The 25 most frequent messages of the time range. Numbers and quoted words are left out (…), so "
                "that lines which say the same are counted together.",
                bad_day="A message that you do not know near the top. A pair that should be equal is not: more "
                "'Fetching user' than 'User … fetch completed' means that some did not complete.",
                queries=[loki_now(f"topk(25, {counted})")],
                columns={
                    "text": Column("Message"),
                    "service": Column("Service", width=130),
                    "level": Column("Level", width=110, words=colours.LEVELS),
                    "Value #A": Column("Lines", unit=units.COUNT, width=110),
                },
                sort_by="Lines",
            ),
        ),
    )


def _lines() -> Section:
    return section(
        "The lines",
        band(
            16,
            panels.logs(
                "All lines",
                shows="The newest lines that match what is chosen above. Opening one shows its fields, the link to "
                "its trace, and the lines before and after it.",
                bad_day="Search for a trace id: its lines, from all services, tell one request from begin to end.",
                query=loki(f"{_CHOSEN} {_READABLE}", limit=500),
            ),
        ),
    )
