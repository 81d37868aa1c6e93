"""Reading the audit log."""

from typing import Any

from ninja import Query, Router

from apps.accounts import queries
from apps.accounts.auth import CallerRequest, needs
from apps.accounts.schemas import AuditCheckOut, AuditEntryOut, AuditFilterIn
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page

router = Router()


@router.get(
    "",
    response=Page[AuditEntryOut],
    operation_id="list_audit_entries",
    auth=needs(Permission.VIEW_AUDIT),
)
def list_audit_entries(request: CallerRequest, asked: Query[AuditFilterIn]) -> dict[str, Any]:
    filters = asked.dict(exclude={"limit", "cursor"})
    rows = queries.list_audit_entries(team_id=request.caller.team.pk, **filters)
    return paginate(rows, limit=asked.limit, cursor=asked.cursor, order="-id")


@router.get(
    "/check",
    response=AuditCheckOut,
    operation_id="check_audit_log",
    auth=needs(Permission.VIEW_AUDIT),
)
def check_audit_log(request: CallerRequest) -> dict[str, Any]:
    """Walk the whole chain: whether anybody changed or removed an entry."""
    broken = queries.find_broken_audit_entry()
    return {"whole": broken is None, "broken_at": broken.pk if broken else None}
