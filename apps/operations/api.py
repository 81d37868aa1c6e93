"""Operations over HTTP: look at them, read their log, cancel and retry."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status

from apps.accounts.auth import CallerRequest, needs
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page, WhyOut
from apps.operations import actions, queries
from apps.operations.models import Operation
from apps.operations.schemas import (
    LogFilterIn,
    LogOut,
    OperationFilterIn,
    OperationOut,
    StepsOut,
    TimelineIn,
    TimelineOut,
)

router = Router()
timeline_router = Router()


@router.get(
    "",
    response=Page[OperationOut],
    operation_id="list_operations",
    auth=needs(Permission.VIEW),
)
def list_operations(request: CallerRequest, asked: Query[OperationFilterIn]) -> dict[str, Any]:
    filters = asked.dict(exclude={"limit", "cursor"})
    rows = queries.list_operations(team=request.caller.team, **filters)
    return paginate(rows, limit=asked.limit, cursor=asked.cursor, order="-created_at")


@router.get(
    "/{uuid:operation_id}",
    response=OperationOut,
    operation_id="get_operation",
    auth=needs(Permission.VIEW),
)
def get_operation(request: CallerRequest, operation_id: UUID) -> Operation:
    return queries.get_operation(team=request.caller.team, operation_id=operation_id)


@router.get(
    "/{uuid:operation_id}/steps",
    response=StepsOut,
    operation_id="list_operation_steps",
    auth=needs(Permission.VIEW),
)
def list_operation_steps(request: CallerRequest, operation_id: UUID) -> dict[str, Any]:
    operation = queries.get_operation(team=request.caller.team, operation_id=operation_id)
    return {"items": queries.list_steps(operation=operation)}


@router.get(
    "/{uuid:operation_id}/log",
    response=LogOut,
    operation_id="read_operation_log",
    auth=needs(Permission.VIEW),
)
def read_operation_log(
    request: CallerRequest, operation_id: UUID, asked: Query[LogFilterIn]
) -> dict[str, Any]:
    operation = queries.get_operation(team=request.caller.team, operation_id=operation_id)
    lines = list(queries.list_log_lines(operation=operation, **asked.dict()))
    return {"items": lines, "last_sequence": lines[-1].sequence if lines else asked.after}


@router.get(
    "/{uuid:operation_id}/log.txt",
    operation_id="download_operation_log",
    auth=needs(Permission.VIEW),
)
def download_operation_log(request: CallerRequest, operation_id: UUID) -> HttpResponse:
    """The whole log as plain text, to keep or to send to somebody."""
    operation = queries.get_operation(team=request.caller.team, operation_id=operation_id)
    text = queries.render_log(operation=operation)
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{operation.pk}.log"'
    return response


@router.get(
    "/{uuid:operation_id}/why",
    response=WhyOut,
    operation_id="explain_operation",
    auth=needs(Permission.VIEW),
)
def explain_operation(request: CallerRequest, operation_id: UUID) -> dict[str, Any]:
    operation = queries.get_operation(team=request.caller.team, operation_id=operation_id)
    return queries.explain_operation(operation=operation, permissions=request.caller.permissions)


@router.post(
    "/{uuid:operation_id}/cancel",
    response={202: OperationOut},
    operation_id="cancel_operation",
    auth=needs(Permission.OPERATE),
)
def cancel_operation(request: CallerRequest, operation_id: UUID) -> Status[Operation]:
    operation = queries.get_operation(team=request.caller.team, operation_id=operation_id)
    return Status(202, actions.cancel_operation(operation=operation, by=request.caller.user))


@router.post(
    "/{uuid:operation_id}/retry",
    response={202: OperationOut},
    operation_id="retry_operation",
    auth=needs(Permission.OPERATE),
)
def retry_operation(request: CallerRequest, operation_id: UUID) -> Status[Operation]:
    operation = queries.get_operation(team=request.caller.team, operation_id=operation_id)
    return Status(202, actions.retry_operation(operation=operation, by=request.caller.user))


@timeline_router.get(
    "", response=TimelineOut, operation_id="read_timeline", auth=needs(Permission.VIEW)
)
def read_timeline(request: CallerRequest, asked: Query[TimelineIn]) -> dict[str, Any]:
    """What happened, newest first: moves of state, operations and what people did."""
    return queries.read_timeline(team=request.caller.team, **asked.dict())
