"""The embedded telemetry backend: one process that answers the Prometheus, Loki and Tempo HTTP APIs.

What lives where, the same in `metrics`, `logs` and `traces`:

- `ingest.py`          bytes from outside -> a checked batch
- `storage.py`         batches -> durable rows and back; what is kept, and for how long
- `query_language/`    `parser.py` (text -> syntax tree) and `evaluator.py` (tree + storage -> values)
- `api.py`             HTTP routes, parameters and the real server's answer and error shapes

Beside them stand the parts that all three share, one module a job (`database`, `bodies`, `times`, `retention` ...).
This package imports nothing else of the project: it is reached over HTTP and never learns which systems exist.
"""
