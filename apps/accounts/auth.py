"""Who is calling, and what every operation demands of them. Deny by default."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, parse_cookie
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
    via: Literal["session", "token", "key"]

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
        request.caller = caller = identify(request)  # type: ignore[attr-defined]
        if not caller.may(self.permission):
            raise Forbidden(
                f"Your role ({caller.role}) may not do this: {self.permission.label}.",
                fix=f"Ask for one of these roles: {', '.join(roles_with(self.permission))}.",
            )
        return caller


class signed_in:  # noqa: N801 - the twin of `needs` for what every signed-in person may do
    """ninja authentication for what belongs to the caller alone: profile, own tokens."""

    permission = None

    def __call__(self, request: HttpRequest) -> Caller:
        request.caller = caller = identify(request)  # type: ignore[attr-defined]
        if caller.via == "key":
            raise Forbidden(
                "An API key may not do this: it is about the person.",
                fix="Use a personal token, or do it at the console.",
            )
        return caller


@dataclass(frozen=True)
class public:  # noqa: N801 - reads as a word where it is used: auth=public("why")
    """An operation anybody may call; the reason stands beside it."""

    reason: str

    def __call__(self, request: HttpRequest) -> bool:
        return True


def undeclared(request: HttpRequest) -> Caller:
    """What an operation demands that says nothing: it is closed to everybody."""
    raise Forbidden(f"{request.path} does not say who may call it, so nobody may.")


AuthRule = needs | signed_in | public


@dataclass(frozen=True)
class KeyUse:
    """Whom a key speaks for, and what it is for."""

    user: User
    team: Team
    scopes: frozenset[str]


# Who knows keys is above this app. By what a secret begins with: from the secret and the address it
# comes from to what it may be used for; None when it opens nothing, Forbidden when not from there.
OpenKey = Callable[[str, str], KeyUse | None]
_key_openers: dict[str, OpenKey] = {}


def accept_keys(*, prefix: str, opener: OpenKey) -> None:
    """From now on bearer secrets that begin so are keys."""
    _key_openers[prefix] = opener


def identify(request: HttpRequest, *, check_token: bool = True, scope: str = "manage") -> Caller:
    """The caller of a request, by bearer secret or session. Raises Unauthenticated.

    `check_token` is off only where the session was made by this very request. `scope` is what a key
    has to be for, or Forbidden is raised.
    """
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        secret = header.removeprefix("Bearer ").strip()
        opener = _opener_of(secret)
        if opener is not None:
            return _identify_by_key(opener(secret, address_of(request)), scope=scope)
        return identify_by_token(secret)
    caller = identify_user(request.user)
    if check_token and check_csrf(request) is not None:
        raise Forbidden(
            "The request does not carry this session's CSRF token.",
            fix="Load the page again.",
        )
    return caller


def _opener_of(secret: str) -> OpenKey | None:
    found = (opener for prefix, opener in _key_openers.items() if secret.startswith(prefix))
    return next(found, None)


def _identify_by_key(use: KeyUse | None, *, scope: str) -> Caller:
    if use is None:
        raise Unauthenticated(
            "This API key is not known, has expired or was revoked.",
            fix="Issue a new one on the Keys page.",
        )
    if scope not in use.scopes:
        raise Forbidden(
            f"This API key lacks the scope {scope}.",
            fix=f"Give it the scope {scope} on the Keys page, or use a personal token.",
        )
    return _caller(use.user, use.team, "key")


def require_session(request: HttpRequest) -> None:
    """Raise Forbidden for a token: some things are only done by the person at the browser."""
    if "Authorization" in request.headers:
        raise Forbidden("A token may not do this.", fix="Sign in at the console and do it there.")


def require_own_origin(request: HttpRequest) -> None:
    """Raise Forbidden when another site's page sends this; programs send no origin."""
    origin = request.headers.get("Origin")
    if origin is not None and not is_own_origin(origin, host=request.get_host()):
        raise Forbidden(
            "The request comes from the page of another site.",
            fix=f"Open {settings.PUBLIC_URL} itself.",
        )


def is_own_origin(origin: str, *, host: str) -> bool:
    """Whether a browser's Origin header names the console at the host that was called."""
    return urlsplit(origin).netloc == host or origin in settings.CSRF_TRUSTED_ORIGINS


def address_of(request: HttpRequest) -> str:
    """The address of the other end; behind a proxy the web server has put the client's there."""
    return str(request.META.get("REMOTE_ADDR", ""))[:60]


def identify_by_token(secret: str) -> Caller:
    """Raises Unauthenticated for a token that is unknown, expired or revoked."""
    token = queries.find_token(secret=secret)
    if token is None:
        raise Unauthenticated(
            "This token is not known, has expired or was revoked.",
            fix="Make a new one under Settings, Profile.",
        )
    actions.note_token_use(token=token)
    return _caller(token.user, token.team, "token")


def identify_user(user: object) -> Caller:
    """The caller behind a session's user. Raises Unauthenticated when nobody is signed in."""
    if not isinstance(user, User) or not user.is_active:
        raise Unauthenticated("You are not signed in.", fix="Sign in and try again.")
    return _caller(user, queries.get_current_team(user=user), "session")


def _caller(user: User, team: Team, via: Literal["session", "token", "key"]) -> Caller:
    return Caller(user=user, team=team, role=queries.get_role(user=user, team=team), via=via)


@dataclass(frozen=True)
class SocketCaller:
    """Who opened a websocket, and by what right: a session's key or a token's digest."""

    user_id: int
    team_id: int
    via: Literal["session", "token"]
    credential: str


def identify_socket(scope: dict[str, Any]) -> SocketCaller:
    """The caller behind a websocket's handshake. Raises Unauthenticated or Forbidden.

    A browser sends its cookie to whoever asks, so with a session the page must be ours; a program
    has no page and shows a token, in the header or as the subprotocol after `bearer`.
    """
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get("origin")
    if origin is not None and not is_own_origin(origin, host=headers.get("host", "")):
        raise Forbidden("The websocket was opened by the page of another site.")
    secret = _socket_token(headers, scope)
    if secret:
        if _opener_of(secret) is not None:
            raise Forbidden("An API key opens no websocket.", fix="Show a personal token.")
        caller = identify_by_token(secret)
        return SocketCaller(caller.user.pk, caller.team.pk, "token", queries.digest_of(secret))
    if origin is None:
        raise Forbidden("A websocket with a session comes from a page.", fix="Show a token.")
    return _socket_session(headers)


def _socket_token(headers: dict[str, str], scope: dict[str, Any]) -> str:
    kind, _, secret = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return secret.strip()
    offered = list(scope.get("subprotocols") or [])
    return offered[1] if len(offered) > 1 and offered[0] == "bearer" else ""


def _socket_session(headers: dict[str, str]) -> SocketCaller:
    request = HttpRequest()
    session_key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    request.session = SessionStore(session_key or None)
    caller = identify_user(get_user(request))
    return SocketCaller(caller.user.pk, caller.team.pk, "session", session_key)


def still_signed_in(callers: Collection[SocketCaller]) -> set[SocketCaller]:
    """Those whose session or token is still good, and who still belong to the team."""
    members = queries.list_active_memberships(user_ids={caller.user_id for caller in callers})
    sessions = queries.list_live_sessions(
        keys={caller.credential for caller in callers if caller.via == "session"}
    )
    tokens = queries.list_live_tokens(
        digests={caller.credential for caller in callers if caller.via == "token"}
    )
    return {
        caller
        for caller in callers
        if (caller.user_id, caller.team_id) in members
        and caller.credential in (sessions if caller.via == "session" else tokens)
    }
