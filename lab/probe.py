"""Is a process ready? One short question to its address, over the protocol that the address names."""

from urllib.parse import urlsplit

from lab import http_probe
from lab.backing import readiness
from lab.http_probe import TIMEOUT_SECONDS, ProbeResult


def probe(url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> ProbeResult:
    """Never raises."""
    if urlsplit(url).scheme == "http":
        return http_probe.probe(url, timeout_seconds)
    problem = readiness.ask(url, timeout_seconds)
    return ProbeResult(None, problem) if problem else ProbeResult(200, "OK")
