"""Metrics as Prometheus keeps them: series of samples, scraped from targets and asked by PromQL."""
