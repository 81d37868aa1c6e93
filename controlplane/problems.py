"""How errors become RFC 9457 answers, inside the API and around it."""

import logging
from http import HTTPStatus
from typing import Any

import orjson
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from apps.core.errors import AppError, Forbidden, Invalid, NotFound, TooMany

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


def data_error(request: HttpRequest, error: DataError) -> HttpResponse:
    """A character that JSON and addresses can carry and Postgres cannot; all else is a bug."""
    said = str(error)
    if "NUL (0x00)" not in said and "\\u0000" not in said:
        return bug(request, error)
    return app_error(
        request,
        Invalid("The request contains the character NUL.", fix="Leave it out and send it again."),
    )


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


def problem_for_status(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    """The same refusal as a problem; headers that say more, as Allow does, are kept."""
    title, detail, fix = _SAID.get(
        response.status_code,
        ("The request was refused", "It could not be understood.", "Compare it with /api/docs."),
    )
    answer = problem(
        request,
        status=response.status_code,
        code=HTTPStatus(response.status_code).name.lower(),
        title=title,
        detail=detail.format(method=request.method, path=request.path),
        fix=fix,
    )
    for name, value in response.headers.items():
        if name not in ("Content-Type", "Content-Length"):
            answer.headers[name] = value
    return answer


_SAID = {
    404: (
        "Not found",
        "There is nothing at {path}.",
        "The list of all addresses is at /api/docs.",
    ),
    405: (
        "Not that way",
        "{method} is not possible at {path}.",
        "The header Allow names what is; /api/docs says more.",
    ),
    413: ("Too large", "The request carries more than can be taken.", "Send less at once."),
    500: (
        "Hearth went wrong",
        "Something failed inside Hearth that should not have.",
        "Try again. If it fails again, look for the request id in the log of the web process.",
    ),
}


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's own view for this is a page; ours says what to do."""
    return app_error(
        request,
        Forbidden(
            "The request does not carry this session's CSRF token.", fix="Load the page again."
        ),
    )


def register(api: NinjaAPI) -> None:
    """Make the API answer every error this way."""
    handlers: dict[type[Exception], Any] = {
        AppError: app_error,
        ValidationError: validation_error,
        HttpError: http_error,
        Http404: not_found,
        DataError: data_error,
        Exception: bug,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
