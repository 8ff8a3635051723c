"""Traces as Tempo keeps them: spans, found by trace id and searched by TraceQL."""
