"""Every bound on what comes in and on what a query may cost. Values that a real server also has say so."""

from __future__ import annotations

#: Largest request body in bytes, compressed and again after decompression (a small gzip can unpack to gigabytes).
BODY_BYTES = 16 * 1024 * 1024

#: Unwritten batches that one signal may hold in memory, in bytes of request body; beyond it senders are asked to wait.
PENDING_BYTES = 48 * 1024 * 1024

#: Points per series in a range query (Prometheus and Loki: 11,000).
RANGE_POINTS = 11_000

#: Samples that one PromQL query may load (Prometheus: --query.max-samples is 50 million; here memory is a laptop's).
QUERY_SAMPLES = 20_000_000

#: Seconds after which a query is cut off (Prometheus: --query.timeout is 2 minutes).
QUERY_SECONDS = 30.0

#: Queries evaluated at the same time in one signal; more wait for their turn.
CONCURRENT_QUERIES = 4

#: Characters in a query. Longer ones are refused before a parser sees them.
QUERY_CHARACTERS = 16 * 1024

#: Depth of brackets, and count of operators, in a query: parsers and evaluators recurse.
QUERY_DEPTH = 64
QUERY_OPERATORS = 400

#: Labels of one series or stream, and lengths of a label's name and value in characters (Loki: 15, 1024, 2048).
LABELS = 64
LABEL_NAME_CHARACTERS = 1024
LABEL_VALUE_CHARACTERS = 4096

#: Loki's own bounds: labels of a stream, bytes of a line, entries of an answer.
STREAM_LABELS = 15
LINE_BYTES = 256 * 1024
LOG_ENTRIES = 5_000

#: Seconds that a log line may lie in the future (Loki: creation_grace_period, 10 minutes).
LOG_FUTURE_SECONDS = 600

#: Length of a log query's time range in seconds (Loki: max_query_length, 30 days and 1 hour).
LOG_QUERY_RANGE_SECONDS = 721 * 3600

#: Series of a metric query over logs (Loki: max_query_series).
LOG_QUERY_SERIES = 500

#: Length of a trace search's time range in seconds (Tempo: max_duration, 168 hours).
TRACE_SEARCH_RANGE_SECONDS = 168 * 3600

#: Characters in a TraceQL query (Tempo: max_query_expression_size_bytes, 128 KiB).
TRACE_QUERY_CHARACTERS = 128 * 1024

#: Samples in one scrape and series in the whole store; a runaway label must not eat the machine.
SCRAPE_SAMPLES = 100_000
SERIES = 200_000

#: Bytes of a remote write's body after decompression (Prometheus: 32 MiB).
REMOTE_WRITE_BYTES = 32 * 1024 * 1024

#: Series, exemplars and data points of one pushed request: of nothing but empty ones a small body holds millions.
PUSHED_PARTS = 200_000

#: Longest run of labels on an exemplar, in characters of names and values together (OpenMetrics: 128).
EXEMPLAR_CHARACTERS = 128

#: Seconds that a pushed sample may lie in the future (Prometheus: 10 minutes).
FUTURE_SECONDS = 600

#: Series made from spans, beyond which new ones are counted together (Tempo: max_active_series, without bound).
GENERATED_SERIES = 20_000

#: Spans that may wait to be counted; more are left out of the generated metrics.
GENERATED_QUEUE_SPANS = 50_000
