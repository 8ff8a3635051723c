"""Metrics made from arriving spans, as Tempo's metrics-generator makes them: span metrics and service graphs."""
