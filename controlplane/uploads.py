"""How much a request may carry.

Django writes a whole body to the disk before any of our code sees it. So what is too large is
turned away here: everything but model files at 10 MB, and a model file unless somebody is signed in
and the disk has room for it.
"""

from typing import Any

import orjson
from channels.db import database_sync_to_async
from django.conf import settings

from apps.accounts.auth import identify_socket
from apps.core.errors import AppError
from apps.models import store
from apps.models.fit import gigabytes

UPLOAD_PATH = "/api/ai-models"
COPIES = 2  # the body as it came, and the file taken out of it
WITH_BODY = {"POST", "PUT", "PATCH"}


class TooLarge(AppError):
    code = "too_large"
    title = "More than can be taken"
    http_status = 413


def with_body_limits(application: Any) -> Any:
    """The ASGI application behind a limit on the size of request bodies."""

    async def limited(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] not in WITH_BODY:
            await application(scope, receive, send)
            return
        try:
            limit = await _limit(scope)
            _check(_declared(scope), limit)
        except AppError as error:
            await _refuse(send, error)
            return
        await _counted(application, scope, receive, send, limit)

    return limited


async def _limit(scope: Any) -> int:
    small = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    declared = _declared(scope)
    is_upload = scope["path"] == UPLOAD_PATH and scope["method"] == "POST"
    if not is_upload or (declared is not None and declared <= small):
        return small
    await database_sync_to_async(identify_socket)(scope)
    return max(small, store.room_for_files() // COPIES)


def _declared(scope: Any) -> int | None:
    value = dict(scope["headers"]).get(b"content-length", b"").decode("latin-1")
    return int(value) if value.isdigit() else None


def _check(size: int | None, limit: int) -> None:
    if size is not None and size > limit:
        raise TooLarge(
            f"{gigabytes(size)} were sent and at most {gigabytes(limit)} can be taken.",
            fix="Import a model file by path, or free space on the disk of the model store.",
        )


async def _counted(application: Any, scope: Any, receive: Any, send: Any, limit: int) -> None:
    """For bodies that do not say their length: stop reading at the limit and answer ourselves."""
    seen, refused = 0, False

    async def counting() -> Any:
        nonlocal seen, refused
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            refused = True
            return {"type": "http.disconnect"}
        return message

    async def unless_refused(message: Any) -> None:
        if not refused:
            await send(message)

    await application(scope, counting, unless_refused)
    if refused:
        try:
            _check(seen, limit)
        except TooLarge as error:
            await _refuse(send, error)


async def _refuse(send: Any, error: AppError) -> None:
    body = orjson.dumps(
        {
            "type": f"/problems/{error.code}",
            "title": error.title,
            "status": error.http_status,
            "detail": error.message,
            "fix": error.fix,
        }
    )
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
