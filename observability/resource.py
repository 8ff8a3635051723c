"""The OpenTelemetry resource: who is speaking. The same names stand on spans, log streams and metric targets."""

from __future__ import annotations

from opentelemetry.sdk.resources import Resource


def build_resource(service: str, namespace: str, version: str) -> Resource:
    """The service's resource. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win over the arguments.

    Carries service.name, service.namespace, service.version, deployment.environment.name and the SDK's own
    telemetry.sdk.*.
    """
    defaults = Resource(
        {
            "service.name": service,
            "service.namespace": namespace,
            "service.version": version,
            "deployment.environment.name": "lab",
        }
    )
    # create() reads the environment, but also fills in service.name = unknown_service when nothing names it.
    from_environment = {
        key: value
        for key, value in Resource.create().attributes.items()
        if not (key == "service.name" and str(value).startswith("unknown_service"))
    }
    return defaults.merge(Resource(from_environment))
