"""The attributes for which Tempo has columns of their own, which shows in its answers."""

from __future__ import annotations

from collections.abc import Mapping

#: Attributes that Tempo keeps in columns of their own, with the type for which it does. A query does not narrow their
#: names.
KNOWN: Mapping[str, Mapping[str, type]] = {
    "span": {"http.method": str, "http.url": str, "http.status_code": int},
    "resource": dict.fromkeys(
        (
            "service.name",
            "cluster",
            "namespace",
            "pod",
            "container",
            "k8s.cluster.name",
            "k8s.namespace.name",
            "k8s.pod.name",
            "k8s.container.name",
        ),
        str,
    ),
}

#: Further ones. Tempo 3.0 forgets them when it looks for tags in blocks, and knows them only of recent data.
DEDICATED: Mapping[str, type] = {
    "http.request.method": str,
    "http.response.status_code": int,
    "url.path": str,
    "url.route": str,
    "server.address": str,
    "server.port": int,
    "http.route": str,
}
