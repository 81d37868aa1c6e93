"""Signing in and out."""

from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest
from django.views.decorators.csrf import ensure_csrf_cookie
from ninja import Router, Status
from ninja.decorators import decorate_view

from apps.accounts import actions, queries
from apps.accounts.auth import (
    Caller,
    CallerRequest,
    address_of,
    identify,
    public,
    require_own_origin,
    signed_in,
)
from apps.accounts.models import User
from apps.accounts.schemas import SessionOut, SignInIn
from apps.core.errors import Unauthenticated

router = Router()


@router.get("", response=SessionOut, operation_id="get_session", auth=signed_in())
@decorate_view(ensure_csrf_cookie)
def get_session(request: CallerRequest) -> dict[str, Any]:
    return _session(request.caller)


@router.post(
    "",
    response=SessionOut,
    operation_id="sign_in",
    auth=public("nobody is signed in before signing in; throttled per account and address"),
)
@decorate_view(ensure_csrf_cookie)
def sign_in(request: HttpRequest, asked: SignInIn) -> dict[str, Any]:
    """The same answer for a name nobody has and for a wrong password."""
    require_own_origin(request)
    user = _authenticated(request, asked)
    login(request, user)
    actions.note_sign_in(
        user=user,
        session_key=request.session.session_key or "",
        address=address_of(request),
        agent=request.headers.get("User-Agent", ""),
    )
    return _session(identify(request, check_token=False))


@router.delete("", response={204: None}, operation_id="sign_out", auth=signed_in())
def sign_out(request: CallerRequest) -> Status[None]:
    actions.end_session(session_key=request.session.session_key or "")
    logout(request)
    return Status(204, None)


def _authenticated(request: HttpRequest, asked: SignInIn) -> User:
    address = address_of(request)
    actions.sign_in_allowed(username=asked.username, address=address)
    user = authenticate(request, username=asked.username, password=asked.password)
    request.signing_in = user or queries.find_person(username=asked.username)  # type: ignore[attr-defined]
    if not isinstance(user, User):
        actions.note_sign_in_failure(username=asked.username, address=address)
        raise Unauthenticated(
            "The name or the password is not right.", fix="Check both and try again."
        )
    queries.get_current_team(user=user)
    return user


def _session(caller: Caller) -> dict[str, Any]:
    return {
        "user": caller.user,
        "team": caller.team,
        "role": caller.role,
        "permissions": sorted(caller.permissions),
        "via": caller.via,
    }
