"""The embedded stack: the systems' services and the telemetry store, all plain processes of this machine."""

from typing import ClassVar

from lab.backing.processes import backing_processes, make_secrets, packages
from lab.ports import url
from lab.process_spec import ProcessSpec
from lab.stacks import configuration, store, workbench
from lab.stacks.services import service_processes, service_targets
from lab.stacks.stack import Stack
from lab.stacks.targets import backend_target, clear_targets, write_targets


class EmbeddedStack(Stack):
    """Needs nothing but Python."""

    name: ClassVar[str] = "embedded"

    @property
    def backends(self) -> dict[str, str]:
        ports = self.options.ports
        return {
            # First, because it is what one opens.
            "workbench": url(ports.workbench),
            "prometheus": url(ports.prometheus),
            "loki": url(ports.loki),
            "tempo": url(ports.tempo),
            "otlp_http": url(ports.otlp_http),
        }

    def packages(self) -> list[str]:
        return packages(self.options)

    def processes(self) -> list[ProcessSpec]:
        services = service_processes(self.options, self.backends, [store.NAME])
        rules = self.options.directory.configuration / configuration.RULES
        page = workbench.workbench_process(self.options, self.name, self.backends)
        return [store.store_process(self.options, rule_files=rules), page, *backing_processes(self.options), *services]

    def prepare(self) -> None:
        # The store evaluates the same rules as Prometheus would; what else is configured there, it has built in.
        configuration.render(
            self.options.directory,
            configuration.public_addresses(self.options),
            lambda path: path.is_relative_to(configuration.RULES),
        )
        clear_targets(self.options.directory)
        make_secrets(self.options)

    def announce(self) -> None:
        itself = backend_target(store.NAME, store.store_url(self.options))
        write_targets(self.options.directory, [*service_targets(self.options), itself])
