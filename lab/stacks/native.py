"""The native stack: the real servers found on PATH, with the configuration files that the containers have.

What is not there is no reason to stop: the telemetry store answers the API in its place, and `lab status` says so.
"""

from pathlib import Path
from typing import ClassVar

from lab.backing import postgresql
from lab.backing.processes import backing_processes, make_secrets, packages
from lab.ports import url
from lab.process_spec import ProcessSpec
from lab.stacks import configuration, servers, store, workbench
from lab.stacks.programs import find_server
from lab.stacks.services import service_processes, service_targets
from lab.stacks.stack import Stack, StackOptions
from lab.stacks.targets import backend_target, clear_targets, write_targets


class NativeStack(Stack):
    """Prometheus, Loki, Tempo, Alertmanager and Grafana as plain processes, as far as this machine has them."""

    name: ClassVar[str] = "native"

    def __init__(self, options: StackOptions) -> None:
        super().__init__(options)
        self._searches = {
            name: find_server(name) for name in ("prometheus", "loki", "tempo", "alertmanager", "grafana")
        }
        #: Name -> program, of those that can be used.
        self._found: dict[str, Path] = {
            name: search.path for name, search in self._searches.items() if search.path is not None
        }
        self._apis_of_store: list[store.Api] = [api for api in store.ALL_APIS if api not in self._found]

    @property
    def backends(self) -> dict[str, str]:
        ports = self.options.ports
        backends = {
            "prometheus": url(ports.prometheus),
            "loki": url(ports.loki),
            "tempo": url(ports.tempo),
            "otlp_http": url(ports.otlp_http),
        }
        if "grafana" in self._found:
            backends = {"grafana": url(ports.grafana)} | backends
        # First, because it is what one opens.
        backends = {"workbench": url(ports.workbench)} | backends
        if "alertmanager" in self._found:
            backends |= {"alertmanager": url(ports.alertmanager), "alert_inbox": url(ports.alert_inbox)}
        return backends

    def packages(self) -> list[str]:
        return packages(self.options)

    def processes(self) -> list[ProcessSpec]:
        telemetry = self._telemetry()
        program = self._found.get("grafana")
        grafana = [servers.grafana_process(self.options, program)] if program else []
        takers = [spec.name for spec in telemetry if spec.name in (*store.ALL_APIS, store.NAME)]
        services = service_processes(self.options, self.backends, takers)
        page = workbench.workbench_process(self.options, self.name, self.backends)
        backing = backing_processes(self.options, "path" if postgresql.on_path() else "package")
        return [*telemetry, *grafana, page, *backing, *services]

    def prepare(self) -> None:
        configuration.render(
            self.options.directory,
            configuration.local_addresses(self.options),
            # Here the lab itself says what there is to scrape: only what runs.
            lambda path: not path.is_relative_to(configuration.CONTAINER_TARGETS),
        )
        # Prometheus complains every few seconds of a folder that it cannot watch.
        (self.options.directory.configuration / configuration.CONTAINER_TARGETS).mkdir(exist_ok=True)
        for name in (*self._found, servers.ALERT_INBOX, "grafana/plugins"):
            (self.options.directory.data / name).mkdir(parents=True, exist_ok=True)
        clear_targets(self.options.directory)
        make_secrets(self.options)

    def announce(self) -> None:
        with_own_metrics = {name: self.backends[name] for name in self._found}
        if self._apis_of_store:
            with_own_metrics[store.NAME] = store.store_url(self.options, self._apis_of_store)
        targets = [backend_target(name, address) for name, address in with_own_metrics.items()]
        write_targets(self.options.directory, [*service_targets(self.options), *targets])

    def notes(self) -> list[str]:
        replaced = {
            "alertmanager": "nobody is told of alerts, they are only shown here",
            "grafana": "the workbench alone shows the dashboards",
        }
        return [
            f"{name} {search.problem}: {replaced.get(name, 'the telemetry store answers its API')}"
            for name, search in self._searches.items()
            if search.path is None
        ]

    def _telemetry(self) -> list[ProcessSpec]:
        """What takes the telemetry and looks at it. Each starts after those that it sends to, and ends before them."""
        found, options = self._found, self.options
        alerting = []
        if "alertmanager" in found:
            alerting = [
                servers.alert_inbox_process(options),
                servers.alertmanager_process(options, found["alertmanager"]),
            ]
        told = ["alertmanager"] if alerting else []
        specs = list(alerting)
        if "prometheus" in found:
            specs.append(servers.prometheus_process(options, found["prometheus"], told))
        if self._apis_of_store:
            specs.append(self._store(told))
        metrics = ["prometheus" if "prometheus" in found else store.NAME]
        if "loki" in found:
            specs.append(servers.loki_process(options, found["loki"]))
        if "tempo" in found:
            specs.append(servers.tempo_process(options, found["tempo"], metrics))
        return specs

    def _store(self, told: list[str]) -> ProcessSpec:
        apis = self._apis_of_store
        if "prometheus" in apis:
            rules = self.options.directory.configuration / configuration.RULES
            more = {"--alertmanager-url": self.backends["alertmanager"]} if told else {}
            return store.store_process(self.options, apis, rules, told, more)
        if "tempo" in apis:
            receiver = {"--generated-metrics-remote-write": f"{self.backends['prometheus']}/api/v1/write"}
            return store.store_process(self.options, apis, depends_on=["prometheus"], more=receiver)
        return store.store_process(self.options, apis)
