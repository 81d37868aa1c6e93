"""What every HTTP request passes through besides Django's own."""

import re
import uuid
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Answer = HttpResponseBase | Awaitable[HttpResponseBase]
GetResponse = Callable[[HttpRequest], Answer]

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

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
    after: Callable[[HttpRequest, HttpResponseBase], None],
) -> GetResponse:
    """One pair of hooks as sync or async middleware, whichever the next one is."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            before(request)
            response = await cast("Awaitable[HttpResponseBase]", get_response(request))
            after(request, response)
            return response

        markcoroutinefunction(asynchronous)
        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        before(request)
        response = cast("HttpResponseBase", get_response(request))
        after(request, response)
        return response

    return synchronous


@sync_and_async_middleware
def request_context(get_response: GetResponse) -> GetResponse:
    """Give every request an id, in the logs and in the answer; a caller's own id is kept."""

    def before(request: HttpRequest) -> None:
        asked = request.headers.get("X-Request-Id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

    def after(request: HttpRequest, response: HttpResponseBase) -> None:
        response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]

    return _wrap(get_response, before, after)


@sync_and_async_middleware
def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Nothing on a page comes from another host, and no page of ours sits in a frame."""

    def after(request: HttpRequest, response: HttpResponseBase) -> None:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)

    return _wrap(get_response, lambda request: None, after)
