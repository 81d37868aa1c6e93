from typing import Any
from uuid import UUID

from ninja import Query, Router

from apps.accounts.auth import Caller, CallerRequest, needs
from apps.accounts.models import User
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page, WhyOut
from apps.gateway import queries
from apps.gateway.models import UsageRecord
from apps.gateway.schemas.usage import ListRequestsIn, RequestOut, UsageIn, UsageOut

router = Router(tags=["usage"])


def _whose(caller: Caller) -> User | None:
    """Whose requests the caller sees: None for the whole team's."""
    return None if caller.may(Permission.VIEW_USAGE) else caller.user


@router.get(
    "/usage",
    response=UsageOut,
    auth=needs(Permission.VIEW),
    operation_id="group_usage",
    exclude_none=True,
)
def group_usage(request: CallerRequest, span: Query[UsageIn]) -> dict[str, Any]:
    groups = queries.group_usage(
        team=request.caller.team,
        group_by=span.group_by,
        begin=span.begin,
        end=span.end,
        user=_whose(request.caller),
    )
    return {"items": groups}


@router.get(
    "/requests",
    response=Page[RequestOut],
    auth=needs(Permission.VIEW),
    operation_id="list_requests",
)
def list_requests(request: CallerRequest, filters: Query[ListRequestsIn]) -> dict[str, Any]:
    records = queries.list_requests(
        team=request.caller.team,
        user=_whose(request.caller),
        key_id=filters.key_id,
        model=filters.model,
        failed=filters.failed,
    )
    return paginate(records, limit=filters.limit, cursor=filters.cursor, order="-at")


@router.get(
    "/requests/{uuid:request_id}",
    response=RequestOut,
    auth=needs(Permission.VIEW),
    operation_id="get_request",
)
def get_request(request: CallerRequest, request_id: UUID) -> UsageRecord:
    caller = request.caller
    return queries.get_request(team=caller.team, request_id=request_id, user=_whose(caller))


@router.get(
    "/requests/{uuid:request_id}/why",
    response=WhyOut,
    auth=needs(Permission.VIEW),
    operation_id="why_request",
)
def why_request(request: CallerRequest, request_id: UUID) -> dict[str, Any]:
    caller = request.caller
    record = queries.get_request(team=caller.team, request_id=request_id, user=_whose(caller))
    return queries.why_request(record=record)
