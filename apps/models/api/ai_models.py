"""AI models and the catalogue over HTTP."""

from typing import Any

from ninja import Query, Router, Status

from apps.accounts.auth import CallerRequest, needs
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page, WhyOut
from apps.models.actions import ai_models as actions
from apps.models.models import AIModel
from apps.models.queries import ai_models as queries
from apps.models.queries import catalogue as catalogue_queries
from apps.models.schemas.ai_models import (
    ADD_AI_MODEL_BODY,
    AddAIModelIn,
    AIModelDetailOut,
    AIModelOut,
    CatalogueEntryOut,
    CatalogueOut,
    ListAIModelsIn,
    ListCatalogueIn,
)
from apps.operations.models import Operation
from apps.operations.schemas import OperationOut

router = Router()
catalogue_router = Router()


@router.get(
    "", response=Page[AIModelOut], auth=needs(Permission.VIEW), operation_id="list_ai_models"
)
def list_ai_models(request: CallerRequest, filters: Query[ListAIModelsIn]) -> dict[str, Any]:
    ai_models = queries.list_ai_models(
        team=request.caller.team, state=filters.state, search=filters.search
    )
    return paginate(ai_models, limit=filters.limit, cursor=filters.cursor, order="name")


@router.post(
    "",
    response={202: OperationOut},
    auth=needs(Permission.DEPLOY),
    operation_id="add_ai_model",
    openapi_extra=ADD_AI_MODEL_BODY,
)
def add_ai_model(request: CallerRequest) -> Status[Operation]:
    """Add by path, URL or catalogue entry (JSON), or send the file itself (multipart)."""
    caller = request.caller
    if request.content_type == "multipart/form-data":
        return Status(
            202,
            actions.upload_ai_model(
                name=request.POST.get("name", ""),
                upload=request.FILES.get("file"),
                team=caller.team,
                requested_by=caller.user,
            ),
        )
    wanted = AddAIModelIn.from_request(request)
    return Status(
        202, actions.add_ai_model(**wanted.model_dump(), team=caller.team, requested_by=caller.user)
    )


@router.get(
    "/{int:ai_model_id}",
    response=AIModelDetailOut,
    auth=needs(Permission.VIEW),
    operation_id="get_ai_model",
)
def get_ai_model(request: CallerRequest, ai_model_id: int) -> AIModel:
    return queries.get_ai_model(team=request.caller.team, ai_model_id=ai_model_id)


@router.delete(
    "/{int:ai_model_id}",
    response={202: OperationOut},
    auth=needs(Permission.DEPLOY),
    operation_id="delete_ai_model",
)
def delete_ai_model(request: CallerRequest, ai_model_id: int) -> Status[Operation]:
    ai_model = queries.get_ai_model(team=request.caller.team, ai_model_id=ai_model_id)
    return Status(202, actions.delete_ai_model(ai_model=ai_model, requested_by=request.caller.user))


@router.post(
    "/{int:ai_model_id}/verify",
    response={202: OperationOut},
    auth=needs(Permission.OPERATE),
    operation_id="verify_ai_model",
)
def verify_ai_model(request: CallerRequest, ai_model_id: int) -> Status[Operation]:
    ai_model = queries.get_ai_model(team=request.caller.team, ai_model_id=ai_model_id)
    return Status(202, actions.verify_ai_model(ai_model=ai_model, requested_by=request.caller.user))


@router.post(
    "/{int:ai_model_id}/fetch",
    response={202: OperationOut},
    auth=needs(Permission.DEPLOY),
    operation_id="fetch_ai_model",
)
def fetch_ai_model(request: CallerRequest, ai_model_id: int) -> Status[Operation]:
    """Bring the file of a failed AI model again, from where it came."""
    ai_model = queries.get_ai_model(team=request.caller.team, ai_model_id=ai_model_id)
    return Status(202, actions.fetch_ai_model(ai_model=ai_model, requested_by=request.caller.user))


@router.get(
    "/{int:ai_model_id}/why",
    response=WhyOut,
    auth=needs(Permission.VIEW),
    operation_id="explain_ai_model",
)
def explain_ai_model(request: CallerRequest, ai_model_id: int) -> dict[str, Any]:
    ai_model = queries.get_ai_model(team=request.caller.team, ai_model_id=ai_model_id)
    return queries.why_ai_model(ai_model=ai_model, permissions=request.caller.permissions)


@catalogue_router.get(
    "", response=CatalogueOut, auth=needs(Permission.VIEW), operation_id="list_catalogue"
)
def list_catalogue(request: CallerRequest, filters: Query[ListCatalogueIn]) -> dict[str, Any]:
    entries = catalogue_queries.list_catalogue(
        team=request.caller.team, task=filters.task, search=filters.search
    )
    return {"items": entries}


@catalogue_router.get(
    "/{name}",
    response=CatalogueEntryOut,
    auth=needs(Permission.VIEW),
    operation_id="get_catalogue_entry",
)
def get_catalogue_entry(request: CallerRequest, name: str) -> dict[str, Any]:
    return catalogue_queries.get_catalogue_entry(team=request.caller.team, name=name)
