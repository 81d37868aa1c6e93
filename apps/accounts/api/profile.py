"""What belongs to the caller alone: profile, password, tokens, browsers."""

from typing import Any

from django.contrib.auth import update_session_auth_hash
from ninja import Query, Router, Status

from apps.accounts import actions, queries
from apps.accounts.auth import CallerRequest, require_session, signed_in
from apps.accounts.models import PersonalToken, SignIn, User
from apps.accounts.schemas import (
    BrowserOut,
    NewTokenOut,
    PasswordIn,
    ProfileIn,
    TokenIn,
    TokenOut,
    UserOut,
)
from apps.core.pagination import paginate
from apps.core.schemas import LimitsIn, Page

router = Router()


@router.get("/profile", response=UserOut, operation_id="get_profile", auth=signed_in())
def get_profile(request: CallerRequest) -> User:
    return request.caller.user


@router.patch("/profile", response=UserOut, operation_id="change_profile", auth=signed_in())
def change_profile(request: CallerRequest, asked: ProfileIn) -> User:
    changes = asked.dict(exclude_none=True)
    return actions.change_profile(user=request.caller.user, changes=changes)


@router.post(
    "/profile/password", response={204: None}, operation_id="change_password", auth=signed_in()
)
def change_password(request: CallerRequest, asked: PasswordIn) -> Status[None]:
    """Ends every other session of the caller. Only from a browser that is signed in."""
    require_session(request)
    user, here = request.caller.user, request.session.session_key
    actions.change_password(user=user, current=asked.current, new=asked.new, keep_session=here)
    update_session_auth_hash(request, user)
    actions.move_sign_in(session_key=here or "", to=request.session.session_key or "")
    return Status(204, None)


@router.get("/tokens", response=Page[TokenOut], operation_id="list_tokens", auth=signed_in())
def list_tokens(request: CallerRequest, asked: Query[LimitsIn]) -> dict[str, Any]:
    rows = queries.list_tokens(user=request.caller.user)
    return paginate(rows, limit=asked.limit, cursor=asked.cursor, order="-created_at")


@router.post("/tokens", response={201: NewTokenOut}, operation_id="issue_token", auth=signed_in())
def issue_token(request: CallerRequest, asked: TokenIn) -> Status[dict[str, Any]]:
    caller = request.caller
    token, secret = actions.issue_token(user=caller.user, team=caller.team, **asked.dict())
    return Status(201, {**TokenOut.from_orm(token).dict(), "secret": secret})


@router.delete(
    "/tokens/{int:token_id}", response={204: None}, operation_id="revoke_token", auth=signed_in()
)
def revoke_token(request: CallerRequest, token_id: int) -> Status[None]:
    token: PersonalToken = queries.get_token(user=request.caller.user, token_id=token_id)
    actions.revoke_token(token=token)
    return Status(204, None)


@router.get("/sessions", response=Page[BrowserOut], operation_id="list_sessions", auth=signed_in())
def list_sessions(request: CallerRequest, asked: Query[LimitsIn]) -> dict[str, Any]:
    rows = queries.list_sign_ins(user=request.caller.user)
    return paginate(rows, limit=asked.limit, cursor=asked.cursor, order="-created_at")


@router.delete(
    "/sessions/{int:session_id}", response={204: None}, operation_id="end_session", auth=signed_in()
)
def end_session(request: CallerRequest, session_id: int) -> Status[None]:
    sign_in: SignIn = queries.get_sign_in(user=request.caller.user, sign_in_id=session_id)
    actions.end_session(session_key=sign_in.session_key)
    return Status(204, None)
