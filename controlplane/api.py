"""The HTTP API: every app's router in one place, and how errors become responses."""

from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.docs import Swagger
from ninja.renderers import BaseRenderer

from apps.accounts.api import router as accounts_router
from apps.core.errors import AppError, NotFound, TooMany
from apps.models.api.ai_models import catalogue_router
from apps.models.api.ai_models import router as ai_models_router
from apps.nodes.api import router as nodes_router
from apps.gateway.api import router as gateway_router
from apps.operations.api import router as operations_router


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data)


api = NinjaAPI(
    title="Hearth",
    version="1",
    description="The control plane of your own AI cloud.",
    renderer=OrjsonRenderer(),
    docs=Swagger(),
    openapi_url="/openapi.json",
    docs_url="/docs",
)
api.add_router("", accounts_router)
api.add_router("/operations", operations_router, tags=["operations"])
api.add_router("", gateway_router)
api.add_router("/nodes", nodes_router, tags=["nodes"])
api.add_router("/ai-models", ai_models_router, tags=["ai_models"])
api.add_router("/catalogue", catalogue_router, tags=["catalogue"])


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


@api.exception_handler(AppError)
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


@api.exception_handler(ValidationError)
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


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(
        request,
        status=error.status_code,
        code="http_error",
        title="The request was refused",
        detail=str(error),
    )


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return app_error(request, NotFound("There is nothing at this address."))
