from typing import Any

from django.conf import settings
from django.http import HttpResponse
from ninja import Query, Router

from apps.accounts.auth import Caller, CallerRequest, needs
from apps.accounts.models import User
from apps.core.permissions import Permission
from apps.gateway import queries
from apps.gateway.schemas.sheets import csv_lines
from apps.gateway.schemas.usage import (
    SeriesIn,
    UsageIn,
    UsageOut,
    UsageSeriesOut,
    UsageSpanIn,
    usage_sheet,
)

router = Router(tags=["usage"])


def whose(caller: Caller) -> User | None:
    """Whose requests the caller sees: None for the whole team's."""
    return None if caller.may(Permission.VIEW_USAGE) else caller.user


def _span(caller: Caller, asked: UsageSpanIn) -> queries.UsageSpan:
    given = {name: getattr(asked, name) for name in UsageSpanIn.model_fields}
    return queries.UsageSpan(team=caller.team, **given).of(whose(caller))


@router.get(
    "/usage",
    response=UsageOut,
    auth=needs(Permission.VIEW),
    operation_id="group_usage",
    exclude_none=True,
)
def group_usage(request: CallerRequest, asked: Query[UsageIn]) -> dict[str, Any]:
    return {
        **queries.usage_page(
            span=_span(request.caller, asked), group_by=asked.group_by, interval=asked.interval
        ),
        "kept": {
            "request_days": settings.REQUEST_DAYS,
            "body_days": settings.BODY_DAYS,
            "usage_months": settings.USAGE_MONTHS,
        },
    }


@router.get(
    "/usage/series",
    response=UsageSeriesOut,
    auth=needs(Permission.VIEW),
    operation_id="usage_series",
)
def usage_series(request: CallerRequest, asked: Query[SeriesIn]) -> dict[str, Any]:
    span = _span(request.caller, asked)
    return queries.usage_series(span=span, step=asked.step, group_by=asked.group_by, top=asked.top)


@router.get("/usage.csv", auth=needs(Permission.VIEW), operation_id="export_usage")
def export_usage(request: CallerRequest, asked: Query[UsageIn]) -> HttpResponse:
    items = queries.group_usage(
        span=_span(request.caller, asked), group_by=asked.group_by, interval=asked.interval
    )
    return HttpResponse(
        csv_lines(usage_sheet(items, asked.group_by)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="usage.csv"'},
    )
