"""One port for everything: /v1 to the data plane, websockets to Channels, the rest to Django."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings.development")
django_application = get_asgi_application()

from apps.accounts.auth import identify_socket, still_signed_in  # noqa: E402 - needs Django
from apps.core.consumers import EventStream  # noqa: E402
from controlplane.console import with_files  # noqa: E402
from controlplane.dataplane import gateway  # noqa: E402
from controlplane.uploads import with_body_limits  # noqa: E402

events = EventStream.as_asgi(identify=identify_socket, still_valid=still_signed_in)


async def no_socket_here(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a websocket at any other address."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})


# The stubs only know path() with views that return a response.
websocket_routes: list[Any] = [
    path("ws/events", events),
    re_path("", no_socket_here),  # type: ignore[arg-type]
]

console = with_files(with_body_limits(django_application))


async def http(scope: Any, receive: Any, send: Any) -> None:
    """The data plane comes first: a model request never enters Django."""
    if scope["path"].startswith("/v1/"):
        await gateway(scope, receive, send)
    else:
        await console(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": URLRouter(websocket_routes),
        "lifespan": gateway,  # it delivers its usage before the process ends
    }
)
