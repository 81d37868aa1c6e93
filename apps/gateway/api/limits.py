"""What a team, and each of its people, may use with all their keys together."""

from typing import Any

from ninja import Query, Router

from apps.accounts.auth import Caller, CallerRequest, needs
from apps.accounts.models import User
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page
from apps.gateway import actions, queries
from apps.gateway.schemas.limits import (
    HolderLimitsOut,
    HoldersOut,
    ListNoticesIn,
    NoticeOut,
    SetLimitsIn,
)

router = Router(tags=["limits"])


def _whose(caller: Caller) -> User | None:
    """Whose limits and notices the caller sees besides the team's: None for everybody's."""
    return None if caller.may(Permission.VIEW_USAGE) else caller.user


@router.get("/limits", response=HoldersOut, auth=needs(Permission.VIEW), operation_id="list_limits")
def list_limits(request: CallerRequest) -> dict[str, Any]:
    """The team's and its people's; without the right to see everybody's usage only one's own."""
    holders = queries.list_holders(team=request.caller.team, user=_whose(request.caller))
    return {"items": holders}


@router.put(
    "/limits/team",
    response=HolderLimitsOut,
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="set_team_limits",
)
def set_team_limits(request: CallerRequest, body: SetLimitsIn) -> dict[str, Any]:
    team = request.caller.team
    actions.set_holder_limits(team=team, user=None, limits=body.limits.given())
    return queries.get_holder(team=team, user=None)


@router.put(
    "/limits/users/{int:user_id}",
    response=HolderLimitsOut,
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="set_user_limits",
)
def set_user_limits(request: CallerRequest, user_id: int, body: SetLimitsIn) -> dict[str, Any]:
    team = request.caller.team
    user = queries.get_member(team=team, user_id=user_id)
    actions.set_holder_limits(team=team, user=user, limits=body.limits.given())
    return queries.get_holder(team=team, user=user)


@router.get(
    "/notices",
    response=Page[NoticeOut],
    auth=needs(Permission.VIEW),
    operation_id="list_notices",
)
def list_notices(request: CallerRequest, filters: Query[ListNoticesIn]) -> dict[str, Any]:
    notices = queries.list_notices(
        team=request.caller.team,
        user=_whose(request.caller),
        level=filters.level,
        holder_id=filters.holder_id,
    )
    return paginate(notices, limit=filters.limit, cursor=filters.cursor, order="-created_at")
