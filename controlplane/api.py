"""The HTTP API: every app's router in one place."""

from typing import Any

import orjson
from django.http import HttpRequest
from django.views.decorators.csrf import ensure_csrf_cookie
from ninja import NinjaAPI
from ninja.renderers import BaseRenderer

from apps.accounts.api import (
    audit_router,
    profile_router,
    session_router,
    teams_router,
    users_router,
)
from apps.accounts.auth import undeclared
from apps.gateway.api import router as gateway_router
from apps.models.api.ai_models import catalogue_router
from apps.models.api.ai_models import router as ai_models_router
from apps.models.api.deployments import router as deployments_router
from apps.nodes.api import router as nodes_router
from apps.operations.api import router as operations_router
from apps.operations.api import timeline_router
from controlplane import problems
from controlplane.audit import audited
from controlplane.docs import LocalSwagger
from controlplane.status.api import router as status_router


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data)


api = NinjaAPI(
    title="Hearth",
    version="1",
    description="The control plane of your own AI cloud.",
    renderer=OrjsonRenderer(),
    docs=LocalSwagger(),
    openapi_url="/openapi.json",
    docs_url="/docs",
    docs_decorator=ensure_csrf_cookie,
    auth=undeclared,
)
api.add_router("/session", session_router, tags=["session"])
api.add_router("", profile_router, tags=["profile"])
api.add_router("/users", users_router, tags=["users"])
api.add_router("/teams", teams_router, tags=["teams"])
api.add_router("/audit", audit_router, tags=["audit"])
api.add_router("/timeline", timeline_router, tags=["timeline"])
api.add_router("/operations", operations_router, tags=["operations"])
api.add_router("", gateway_router)
api.add_router("/nodes", nodes_router, tags=["nodes"])
api.add_router("/ai-models", ai_models_router, tags=["ai_models"])
api.add_router("/deployments", deployments_router, tags=["deployments"])
api.add_router("/catalogue", catalogue_router, tags=["catalogue"])
api.add_router("/status", status_router, tags=["status"])

api.add_decorator(audited, mode="view")
problems.register(api)
