from typing import Any

from ninja import Query, Router, Status

from apps.accounts.auth import Caller, CallerRequest, needs
from apps.accounts.models import User
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page
from apps.gateway import actions, queries
from apps.gateway.models import ApiKey
from apps.gateway.schemas.keys import (
    ChangeKeyIn,
    IssuedKeyOut,
    IssueKeyIn,
    KeyOut,
    KeyReportOut,
    ListKeysIn,
    RotateKeyIn,
    TestSecretIn,
    TicketOut,
)

router = Router(tags=["keys"])


def whose_keys(caller: Caller) -> User | None:
    """Whose keys the caller sees: None for the whole team's."""
    everybody = caller.may(Permission.MANAGE_GATEWAY) or caller.may(Permission.VIEW_AUDIT)
    return None if everybody else caller.user


def _key(request: CallerRequest, key_id: int) -> ApiKey:
    caller = request.caller
    return queries.get_key(team=caller.team, key_id=key_id, owner=whose_keys(caller))


@router.get("/keys", response=Page[KeyOut], auth=needs(Permission.VIEW), operation_id="list_keys")
def list_keys(request: CallerRequest, filters: Query[ListKeysIn]) -> dict[str, Any]:
    caller = request.caller
    keys = queries.list_keys(
        team=caller.team, owner=whose_keys(caller), search=filters.search, revoked=filters.revoked
    )
    page = paginate(keys, limit=filters.limit, cursor=filters.cursor, order="-created_at")
    queries.add_use(team=caller.team, keys=page["items"])
    return page


@router.post(
    "/keys",
    response={201: IssuedKeyOut},
    auth=needs(Permission.USE_OWN_KEYS),
    operation_id="issue_key",
)
def issue_key(request: CallerRequest, body: IssueKeyIn) -> Status[ApiKey]:
    caller = request.caller
    key, secret = actions.issue_key(
        team=caller.team,
        owner=queries.get_key_owner(team=caller.team, username=body.owner, asked_by=caller.user),
        name=body.name,
        asked_by=caller.user,
        by_key=caller.via == "key",
        **actions.key_columns(body.dict(exclude={"name", "owner"})),
    )
    key.secret = secret
    return Status(201, key)


@router.post(
    "/keys/test",
    response=KeyReportOut,
    auth=needs(Permission.USE_OWN_KEYS),
    operation_id="test_secret",
)
def test_secret(request: CallerRequest, body: TestSecretIn) -> dict[str, Any]:
    """What the key with this secret can do. Whoever shows the secret of a team's key may know."""
    key = queries.get_key_by_secret(team=request.caller.team, secret=body.secret)
    return queries.report_key(key=key, secret=body.secret)


@router.get(
    "/keys/{int:key_id}", response=KeyOut, auth=needs(Permission.VIEW), operation_id="get_key"
)
def get_key(request: CallerRequest, key_id: int) -> ApiKey:
    key = _key(request, key_id)
    queries.add_use(team=request.caller.team, keys=[key])
    return key


@router.get(
    "/keys/{int:key_id}/report",
    response=KeyReportOut,
    auth=needs(Permission.VIEW),
    operation_id="report_key",
)
def report_key(request: CallerRequest, key_id: int) -> dict[str, Any]:
    return queries.report_key(key=_key(request, key_id))


@router.patch(
    "/keys/{int:key_id}",
    response=KeyOut,
    auth=needs(Permission.USE_OWN_KEYS),
    operation_id="change_key",
)
def change_key(request: CallerRequest, key_id: int, body: ChangeKeyIn) -> ApiKey:
    """Gateways know within two seconds."""
    return actions.change_key(
        key=_key(request, key_id),
        changes=actions.key_columns(body.dict(exclude_unset=True)),
        asked_by=request.caller.user,
        by_key=request.caller.via == "key",
    )


@router.post(
    "/keys/{int:key_id}/rotate",
    response=IssuedKeyOut,
    auth=needs(Permission.USE_OWN_KEYS),
    operation_id="rotate_key",
)
def rotate_key(request: CallerRequest, key_id: int, body: RotateKeyIn) -> ApiKey:
    """A new secret; the old one goes on working for the hours asked for, if any."""
    key, secret = actions.rotate_key(
        key=_key(request, key_id),
        overlap_hours=body.overlap_hours,
        asked_by=request.caller.user,
        by_key=request.caller.via == "key",
    )
    key.secret = secret
    return key


@router.delete(
    "/keys/{int:key_id}",
    response=KeyOut,
    auth=needs(Permission.USE_OWN_KEYS),
    operation_id="revoke_key",
)
def revoke_key(request: CallerRequest, key_id: int) -> ApiKey:
    return actions.revoke_key(key=_key(request, key_id))


@router.post(
    "/chat-ticket",
    response={201: TicketOut},
    auth=needs(Permission.CHAT),
    operation_id="issue_ticket",
)
def issue_ticket(request: CallerRequest) -> Status[dict[str, Any]]:
    ticket, expires_at = actions.issue_ticket(team=request.caller.team, user=request.caller.user)
    return Status(201, {"ticket": ticket, "expires_at": expires_at})
