"""Whether this process lives, and whether what it needs answers."""

import ipaddress
from collections.abc import Callable

import prometheus_client
import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.accounts.auth import identify
from apps.core.errors import AppError
from apps.core.permissions import Permission
from apps.core.redis import get_redis
from controlplane.dataplane import gateway


def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive. It asks nobody else, so it stays true when a dependency is away."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """Each dependency by name; 503 when one does not answer. Usage that cannot be written down
    is said too, but requests are served all the same."""
    answers = {name: _answers(check) for name, check in _DEPENDENCIES.items()}
    ready = all(answer == "ok" for answer in answers.values())
    parts = {**answers, "usage": gateway.usage_problem() or "ok"}
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for this machine itself, for keys made for it, or for who is signed in."""
    if not _is_loopback(request):
        try:
            if not identify(request, scope="metrics").may(Permission.VIEW_USAGE):
                return HttpResponse("Your role may not read metrics.\n", status=403)
        except AppError as error:
            return HttpResponse(f"{error.message}\n", status=error.http_status)
    return HttpResponse(
        prometheus_client.generate_latest(), content_type=prometheus_client.CONTENT_TYPE_LATEST
    )


def _is_loopback(request: HttpRequest) -> bool:
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False  # a proxy on this machine speaks for somebody else
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1")


def _cache() -> None:
    get_redis().ping()


_DEPENDENCIES: dict[str, Callable[[], None]] = {"database": _database, "cache": _cache}


def _answers(check: Callable[[], None]) -> str:
    try:
        check()
    except (DatabaseError, redis.RedisError) as error:
        return f"does not answer: {type(error).__name__}"
    return "ok"
