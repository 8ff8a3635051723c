"""The data sources by uid, as `grafana/provisioning/datasources/` provides them."""

from __future__ import annotations

from grafana_foundation_sdk.models.common import DataSourceRef

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="prometheus")
LOKI = DataSourceRef(type_val="loki", uid="loki")
TEMPO = DataSourceRef(type_val="tempo", uid="tempo")

#: What Grafana writes for a panel whose queries go to several data sources.
MIXED = DataSourceRef(type_val="datasource", uid="-- Mixed --")
