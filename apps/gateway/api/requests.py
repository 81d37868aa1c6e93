from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from ninja import Query, Router

from apps.accounts.auth import CallerRequest, needs
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page, WhyOut
from apps.gateway import queries
from apps.gateway.api.usage import whose
from apps.gateway.models import UsageRecord
from apps.gateway.schemas.requests import (
    REQUEST_SHEET,
    ListRequestsIn,
    RequestBodiesOut,
    RequestDetailOut,
    RequestFiltersIn,
    RequestOut,
    request_sheet_row,
)
from apps.gateway.schemas.sheets import csv_lines

router = Router(tags=["usage"])

_ROWS_AT_ONCE = 1000


def _requests(request: CallerRequest, asked: RequestFiltersIn) -> QuerySet[UsageRecord]:
    given = {name: getattr(asked, name) for name in RequestFiltersIn.model_fields}
    caller = request.caller
    return queries.list_requests(
        team=caller.team, user=whose(caller), filters=queries.RequestFilters(**given)
    )


def _request(request: CallerRequest, request_id: UUID) -> UsageRecord:
    caller = request.caller
    return queries.get_request(team=caller.team, request_id=request_id, user=whose(caller))


@router.get(
    "/requests",
    response=Page[RequestOut],
    auth=needs(Permission.VIEW),
    operation_id="list_requests",
)
def list_requests(request: CallerRequest, filters: Query[ListRequestsIn]) -> dict[str, Any]:
    records = _requests(request, filters)
    return paginate(records, limit=filters.limit, cursor=filters.cursor, order="-at")


@router.get("/requests.csv", auth=needs(Permission.VIEW), operation_id="export_requests")
def export_requests(
    request: CallerRequest, filters: Query[RequestFiltersIn]
) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        _sheet(_requests(request, filters)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="requests.csv"'},
    )


async def _sheet(records: QuerySet[UsageRecord]) -> AsyncIterator[str]:
    """A thousand rows at a time, so that no length of it fills memory or holds a connection."""
    yield csv_lines([REQUEST_SHEET])
    rows: list[UsageRecord] = []
    while True:
        last = rows[-1] if rows else None
        rows = await sync_to_async(queries.requests_after)(records, last=last, limit=_ROWS_AT_ONCE)
        if not rows:
            return
        yield csv_lines(map(request_sheet_row, rows))


@router.get(
    "/requests/{uuid:request_id}",
    response=RequestDetailOut,
    auth=needs(Permission.VIEW),
    operation_id="get_request",
)
def get_request(request: CallerRequest, request_id: UUID) -> UsageRecord:
    return _request(request, request_id)


@router.get(
    "/requests/{uuid:request_id}/why",
    response=WhyOut,
    auth=needs(Permission.VIEW),
    operation_id="why_request",
)
def why_request(request: CallerRequest, request_id: UUID) -> dict[str, Any]:
    return queries.why_request(record=_request(request, request_id))


@router.post(
    "/requests/{uuid:request_id}/read-bodies",
    response=RequestBodiesOut,
    auth=needs(Permission.VIEW),
    operation_id="read_request_bodies",
)
def read_request_bodies(request: CallerRequest, request_id: UUID) -> dict[str, Any]:
    """A POST, because reading somebody's words leaves a row in the audit log."""
    caller = request.caller
    return queries.get_bodies(
        record=_request(request, request_id),
        reader=caller.user,
        may_read_all=caller.may(Permission.READ_BODIES),
    )
