"""Wires the notification service's parts together and makes the ASGI app."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from observability import Telemetry, read_settings
from observability.asgi import AsgiApp, AsgiOperations
from observability.errors import RequestError, ServiceUnavailable
from observability.http_client import ServiceClient
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.application import start_telemetry
from systems.exchange.events import Follower
from systems.exchange.notification_service.hub import Hub
from systems.exchange.notification_service.messages import Notifications
from systems.exchange.notification_service.metrics import NotificationMetrics
from systems.exchange.notification_service.settings import SETTINGS
from systems.exchange.notification_service.stream import Stream, Verify
from systems.exchange.shared_settings import KEYS_VARIABLE
from systems.exchange.storage.migrate import migrate
from systems.exchange.tokens import Claims, Tokens

GROUP = "notification-service"
STREAMS = ("trades", "market_data")


def create_app(environ: Mapping[str, str] | None = None, *, telemetry: Telemetry | None = None) -> AsgiApp:
    """The service as an ASGI app. Raises ValueError that names the variable when a setting cannot be used."""
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    telemetry = telemetry or start_telemetry(GROUP, environ)
    migrate(settings["EXCHANGE_DATABASE_URL"])
    database = Database(settings["EXCHANGE_DATABASE_URL"], telemetry)
    redis = Redis(settings["EXCHANGE_REDIS_URL"], telemetry)
    users = ServiceClient("user-service", settings["USER_SERVICE_URL"], telemetry)
    verify = _verifier(Tokens(settings[KEYS_VARIABLE], telemetry), users)
    metrics = NotificationMetrics(telemetry.registry)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        hub = Hub(
            metrics,
            most_clients=settings["STREAM_CLIENTS"],
            most_of_user=settings["STREAM_CLIENTS_OF_USER"],
            queue_length=settings["STREAM_QUEUE"],
        )
        app.state.stream = Stream(
            hub,
            verify,
            metrics,
            telemetry,
            most_strangers=settings["STREAM_CLIENTS"],
        )
        # Nothing is kept of what was told: what nobody saw in time is not worth telling.
        follower = Follower(
            database, redis, telemetry, group=GROUP, streams=STREAMS, handlers=Notifications(hub).handlers()
        )
        follower.start()
        try:
            yield
        finally:
            await asyncio.to_thread(follower.stop)

    async def stream(websocket: WebSocket) -> None:
        talker: Stream = websocket.app.state.stream
        await talker.talk(websocket)

    app = Starlette(routes=[WebSocketRoute("/stream", stream)], lifespan=lifespan)
    # Redis is only the faster way: what it has lost comes from the database a little later.
    return AsgiOperations(app, telemetry, {"postgresql": database.check})


def _verifier(tokens: Tokens, users: ServiceClient) -> Verify:
    def verify(token: str) -> Claims:
        claims = tokens.verify(token)
        # The signature does not say whether it was logged out.
        status = users.get("/me", headers={"Authorization": f"Bearer {token}"}).status
        if status >= 500:
            # Who cannot be asked has not said no.
            raise ServiceUnavailable(users.service, f"status {status}")
        if status != 200:
            raise RequestError(401, "revoked_token", "the token is worth nothing any more: log in again")
        return claims

    return verify
