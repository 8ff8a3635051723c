"""Logs as Loki keeps them: streams of lines, found by labels and searched by LogQL."""
