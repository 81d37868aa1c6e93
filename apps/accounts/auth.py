"""Who is calling, and what every operation demands of them. Deny by default."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.http import HttpRequest
from ninja.utils import check_csrf

from apps.accounts import actions, queries
from apps.accounts.models import Team, User
from apps.core.errors import Forbidden, Unauthenticated
from apps.core.permissions import ROLE_PERMISSIONS, Permission, roles_with


@dataclass(frozen=True)
class Caller:
    """The person behind one request, in the team they act for."""

    user: User
    team: Team
    role: str
    via: Literal["session", "token"]

    @property
    def permissions(self) -> frozenset[Permission]:
        return ROLE_PERMISSIONS[self.role]

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


class CallerRequest(HttpRequest):
    """A request that passed `needs`."""

    caller: Caller


class needs:  # noqa: N801 - reads as a word where it is used: auth=needs(Permission.DEPLOY)
    """ninja authentication that also demands a permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, request: HttpRequest) -> Caller:
        caller = identify(request)
        if not caller.may(self.permission):
            raise Forbidden(
                f"Your role ({caller.role}) may not do this: {self.permission.label}.",
                fix=f"Ask for one of these roles: {', '.join(roles_with(self.permission))}.",
            )
        request.caller = caller  # type: ignore[attr-defined]
        return caller


class signed_in:  # noqa: N801 - the twin of `needs` for what every signed-in person may do
    """ninja authentication for what belongs to the caller alone: profile, own tokens."""

    permission = None

    def __call__(self, request: HttpRequest) -> Caller:
        request.caller = caller = identify(request)  # type: ignore[attr-defined]
        return caller


@dataclass(frozen=True)
class public:  # noqa: N801 - reads as a word where it is used: auth=public("why")
    """An operation anybody may call; the reason stands beside it."""

    reason: str

    def __call__(self, request: HttpRequest) -> bool:
        return True


AuthRule = needs | signed_in | public


def identify(request: HttpRequest) -> Caller:
    """The caller of a request, by bearer token or session. Raises Unauthenticated."""
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return _by_token(header.removeprefix("Bearer ").strip())
    return _by_session(request)


def _by_token(secret: str) -> Caller:
    token = queries.find_token(secret=secret)
    if token is None:
        raise Unauthenticated(
            "This token is not known, has expired or was revoked.",
            fix="Make a new one under Settings, Profile.",
        )
    actions.note_token_use(token=token)
    return _caller(token.user, token.team, "token")


def _by_session(request: HttpRequest) -> Caller:
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise Unauthenticated("You are not signed in.", fix="Sign in and try again.")
    if check_csrf(request) is not None:
        raise Forbidden(
            "The request does not carry this session's CSRF token.",
            fix="Load the page again.",
        )
    return _caller(user, queries.get_current_team(user=user), "session")


def _caller(user: User, team: Team, via: Literal["session", "token"]) -> Caller:
    return Caller(user=user, team=team, role=queries.get_role(user=user, team=team), via=via)


Authenticator = Callable[[HttpRequest], Any]
