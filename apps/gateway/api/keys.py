from typing import Any

from ninja import Query, Router, Status

from apps.accounts.auth import Caller, CallerRequest, needs
from apps.accounts.models import User
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page
from apps.gateway import actions, queries
from apps.gateway.models import ApiKey
from apps.gateway.schemas.keys import IssuedKeyOut, IssueKeyIn, KeyOut, ListKeysIn, TicketOut

router = Router(tags=["keys"])


def _whose(caller: Caller) -> User | None:
    """Whose keys the caller sees: None for the whole team's."""
    everybody = caller.may(Permission.MANAGE_GATEWAY) or caller.may(Permission.VIEW_AUDIT)
    return None if everybody else caller.user


@router.get("/keys", response=Page[KeyOut], auth=needs(Permission.VIEW), operation_id="list_keys")
def list_keys(request: CallerRequest, filters: Query[ListKeysIn]) -> dict[str, Any]:
    caller = request.caller
    keys = queries.list_keys(
        team=caller.team, owner=_whose(caller), search=filters.search, revoked=filters.revoked
    )
    return paginate(keys, limit=filters.limit, cursor=filters.cursor, order="-created_at")


@router.post(
    "/keys",
    response={201: IssuedKeyOut},
    auth=needs(Permission.USE_OWN_KEYS),
    operation_id="issue_key",
)
def issue_key(request: CallerRequest, body: IssueKeyIn) -> Status[ApiKey]:
    key, secret = actions.issue_key(
        team=request.caller.team,
        owner=request.caller.user,
        name=body.name,
        allowed_models=body.models,
        expires_at=body.expires_at,
    )
    key.secret = secret
    return Status(201, key)


@router.get(
    "/keys/{int:key_id}", response=KeyOut, auth=needs(Permission.VIEW), operation_id="get_key"
)
def get_key(request: CallerRequest, key_id: int) -> ApiKey:
    caller = request.caller
    return queries.get_key(team=caller.team, key_id=key_id, owner=_whose(caller))


@router.delete(
    "/keys/{int:key_id}",
    response=KeyOut,
    auth=needs(Permission.USE_OWN_KEYS),
    operation_id="revoke_key",
)
def revoke_key(request: CallerRequest, key_id: int) -> ApiKey:
    caller = request.caller
    key = queries.get_key(team=caller.team, key_id=key_id, owner=_whose(caller))
    return actions.revoke_key(key=key)


@router.post(
    "/chat-ticket",
    response={201: TicketOut},
    auth=needs(Permission.CHAT),
    operation_id="issue_ticket",
)
def issue_ticket(request: CallerRequest) -> Status[dict[str, Any]]:
    ticket, expires_at = actions.issue_ticket(team=request.caller.team, user=request.caller.user)
    return Status(201, {"ticket": ticket, "expires_at": expires_at})
