"""What every HTTP request passes through besides Django's own."""

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from controlplane import problems

access = logging.getLogger("hearth.access")

Answer = HttpResponseBase | Awaitable[HttpResponseBase]
GetResponse = Callable[[HttpRequest], Answer]

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

_ASKED_BY_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Mantine writes style attributes
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss:",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)


def _wrap(
    get_response: GetResponse,
    before: Callable[[HttpRequest], None],
    after: Callable[[HttpRequest, HttpResponseBase], HttpResponseBase],
) -> GetResponse:
    """One pair of hooks as sync or async middleware, whichever the next one is."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            before(request)
            response = await cast("Awaitable[HttpResponseBase]", get_response(request))
            return after(request, response)

        markcoroutinefunction(asynchronous)
        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        before(request)
        response = cast("HttpResponseBase", get_response(request))
        return after(request, response)

    return synchronous


@sync_and_async_middleware
def request_context(get_response: GetResponse) -> GetResponse:
    """Give every request an id, in the logs and in the answer; a caller's own id is kept.

    The log has one line per request: never the query, a header or a body, for they carry secrets.
    """

    def before(request: HttpRequest) -> None:
        asked = request.headers.get("X-Request-Id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        request.started_at = time.perf_counter()  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

    def after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        if request.path not in _ASKED_BY_PROBES:
            seconds = time.perf_counter() - request.started_at  # type: ignore[attr-defined]
            access.info(
                "request",
                extra={
                    "method": request.method,
                    "path": request.path,
                    "status": response.status_code,
                    "milliseconds": round(seconds * 1_000, 1),
                },
            )
        return response

    return _wrap(get_response, before, after)


@sync_and_async_middleware
def api_problems(get_response: GetResponse) -> GetResponse:
    """Whatever goes wrong under /api is said the same way, also what never reached an operation."""

    def after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        said = response.headers.get("Content-Type", "")
        if (
            response.status_code < 400
            or not request.path.startswith("/api/")
            or said.startswith(("application/json", "application/problem+json"))
        ):
            return response
        return problems.problem_for_status(request, response)

    return _wrap(get_response, lambda request: None, after)


@sync_and_async_middleware
def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Nothing on a page comes from another host, and no page of ours sits in a frame."""

    def after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response

    return _wrap(get_response, lambda request: None, after)
