"""PromQL: `parser` gives promql-parser's syntax tree, checked; `evaluator` works out its values."""
