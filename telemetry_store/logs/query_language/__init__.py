"""LogQL: `parser` makes a syntax tree of a text (grammar in `logql.lark`), `evaluator` finds its lines or values."""
