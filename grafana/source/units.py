"""Grafana's ids of the units used here. Every numeric panel has one."""

SECONDS = "s"
#: 0 to 1, shown as 0 % to 100 %.
RATIO = "percentunit"
REQUESTS_PER_SECOND = "reqps"
#: Anything else per second that is no request: queries, calls, transactions.
OPERATIONS_PER_SECOND = "ops"
BYTES = "bytes"
BYTES_PER_SECOND = "Bps"
COUNT = "short"
EVENTS_PER_SECOND = "cps"
#: Things that the title names.
PER_SECOND = "suffix:/s"
DOLLARS = "currencyUSD"
CENTS = "suffix: ¢"
#: Processor cores in use; 1.5 is one and a half.
CORES = "none"
#: `suffix:` is a unit of one's own, written behind the number as it is.
LINES_PER_SECOND = "suffix:lines/s"
SAMPLES_PER_SECOND = "suffix:samples/s"
SPANS_PER_SECOND = "suffix:spans/s"
TIMES = "suffix:×"
