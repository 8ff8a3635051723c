"""LogQL: `parser` makes a syntax tree of a query's text (grammar in `logql.lark`), `evaluator` finds its lines or values."""
