"""LogQL, as Loki 3.7 answers it.

`tokens` and the grammar `logql.lark` (with `builder`, `operators`, `explain`) make a tree (`syntax`), `parser` is the
way in, `pretty` the way back to a text. `stages` makes a pipeline of a tree: parsers of lines (`line_parsers` with
`json_scanner`, `json_paths`, `logfmt_scanner`, `capture_patterns`), filters (`simple_patterns`, `addresses`), templates
(`template_functions`), all working on the labels of one line (`labels`). `log_lines` answers log queries, `evaluator`
with `samples` and `range_functions` metric queries; both read through `reading`.
"""
