"""TraceQL: `parser` makes a syntax tree of a query's text (grammar in `traceql.lark`), `evaluator` finds its traces."""
