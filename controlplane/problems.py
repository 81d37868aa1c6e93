"""How errors become RFC 9457 answers, inside the API and around it."""

import logging

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from apps.core.errors import AppError, NotFound, TooMany

logger = logging.getLogger(__name__)


def problem(
    request: HttpRequest, *, status: int, code: str, title: str, detail: str, fix: str = ""
) -> HttpResponse:
    """An RFC 9457 answer. `type` is relative: it names the kind of problem, not a web page."""
    body = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "fix": fix,
        "request_id": getattr(request, "request_id", ""),
    }
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/problem+json")


def app_error(request: HttpRequest, error: AppError) -> HttpResponse:
    response = problem(
        request,
        status=error.http_status,
        code=error.code,
        title=error.title,
        detail=error.message,
        fix=error.fix,
    )
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    said = "; ".join(
        f"{'.'.join(str(part) for part in item['loc'][1:]) or 'body'}: {item['msg']}"
        for item in error.errors[:5]
    )
    return problem(
        request,
        status=422,
        code="invalid",
        title="Something in the request is not right",
        detail=said,
        fix="Correct the fields named here and send it again.",
    )


def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(
        request,
        status=error.status_code,
        code="http_error",
        title="The request was refused",
        detail=str(error),
    )


def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return app_error(request, NotFound("There is nothing at this address."))


def bug(request: HttpRequest, error: Exception) -> HttpResponse:
    """Something nobody foresaw: the log has the whole of it under the request's id."""
    logger.error("request failed", exc_info=error, extra={"path": request.path})
    return problem(
        request,
        status=500,
        code="bug",
        title="Hearth went wrong",
        detail="Something failed inside Hearth that should not have.",
        fix="Try again. If it fails again, look for the request id in the log of the web process.",
    )


def method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    response = problem(
        request,
        status=405,
        code="method_not_allowed",
        title="Not that way",
        detail=f"{request.method} is not possible at this address.",
        fix=f"It takes: {allowed}." if allowed else "",
    )
    response.headers["Allow"] = allowed
    return response


def unknown_address(request: HttpRequest) -> HttpResponse:
    """What every address under /api that names no operation answers."""
    return app_error(
        request,
        NotFound("There is nothing at this address.", fix="The list of all is at /api/docs."),
    )


def register(api: NinjaAPI) -> None:
    """Make the API answer every error this way."""
    api.add_exception_handler(AppError, app_error)
    api.add_exception_handler(ValidationError, validation_error)
    api.add_exception_handler(HttpError, http_error)
    api.add_exception_handler(Http404, not_found)
    api.add_exception_handler(Exception, bug)
