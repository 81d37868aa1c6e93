import secrets
from base64 import b32encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.accounts.queries import get_role
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.core.events import publish
from apps.core.permissions import ROLE_PERMISSIONS, Permission, roles_with
from apps.gateway.actions.publishing import publish_routes
from apps.gateway.dataplane.keys import KEY_PREFIX, derive_ticket_secret, digest, make_ticket
from apps.gateway.models import ApiKey

_SECRET_BYTES = 20  # 160 bits
_SHOWN = len(KEY_PREFIX) + 4
TICKET_LIFE = timedelta(minutes=10)
# A key acts for its owner: it can be for nothing that the owner may not do.
_SCOPE_NEEDS = {
    "infer": Permission.CHAT,
    "manage": Permission.VIEW,
    "metrics": Permission.VIEW_USAGE,
}


@transaction.atomic
def issue_key(
    *,
    team: Team,
    owner: User,
    name: str,
    allowed_models: Sequence[str] | None = None,
    expires_at: datetime | None = None,
    asked_by: User | None = None,
    by_key: bool = False,
    **columns: Any,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is returned this once and never stored.

    `columns` are further columns that `key_columns` knows; `asked_by` None: the owner; `by_key`: it
    is a key that asks. Raises Invalid for a time of expiry that is over and for a scope that the
    owner's role does not reach, Forbidden for one that would open more than whoever asks may do.
    """
    scopes = columns.get("scopes", ["infer"])
    _check_expiry(expires_at)
    _check_by_key(by_key=by_key, scopes=scopes)
    _check_scopes(team=team, owner=owner, scopes=scopes)
    _check_reach(team=team, owner=owner, asked_by=asked_by, scopes=scopes)
    secret = _new_secret()
    key = ApiKey.objects.create(
        team=team,
        owner=owner,
        name=name,
        prefix=secret[:_SHOWN],
        digest=digest(secret),
        allowed_models=None if allowed_models is None else list(allowed_models),
        expires_at=expires_at,
        **columns,
    )
    publish(subject="key", subject_id=str(key.pk), change="created", team_id=team.pk)
    publish_routes()
    return key, secret


def key_columns(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a key for what a person asks of it, by the names of ChangeKeyIn."""
    columns = dict(asked)
    if "models" in columns:
        columns["allowed_models"] = columns.pop("models")
    if "limits" in columns:
        limits = columns["limits"] or {}
        columns["limits"] = {name: limit for name, limit in limits.items() if limit is not None}
    if "when_redis_away" in columns:
        columns["when_redis_away"] = columns["when_redis_away"] or ""
    return columns


@transaction.atomic
def change_key(
    *,
    key: ApiKey,
    changes: Mapping[str, Any],
    asked_by: User | None = None,
    by_key: bool = False,
) -> ApiKey:
    """Set columns of a key; gateways know within two seconds.

    Raises Conflict for a revoked key, Invalid and Forbidden as `issue_key` does.
    """
    locked = _lock(key)
    scopes = [*locked.scopes, *changes.get("scopes", [])]
    _check_by_key(by_key=by_key, scopes=scopes)
    _check_reach(team=locked.team, owner=locked.owner, asked_by=asked_by, scopes=scopes)
    different = {
        column: value for column, value in changes.items() if getattr(locked, column) != value
    }
    if "expires_at" in different:
        _check_expiry(different["expires_at"])
    if "scopes" in different:
        _check_scopes(team=locked.team, owner=locked.owner, scopes=different["scopes"])
    if different:
        _save(locked, **different)
    return locked


@transaction.atomic
def rotate_key(
    *, key: ApiKey, overlap_hours: float, asked_by: User | None = None, by_key: bool = False
) -> tuple[ApiKey, str]:
    """A new secret, returned this once. The old one works for `overlap_hours` more; one that was
    still valid from an earlier rotation ends now.

    Raises Conflict for a key that is revoked or expired, Forbidden as `issue_key` does.
    """
    locked = _lock(key)
    _check_by_key(by_key=by_key, scopes=locked.scopes)
    _check_reach(team=locked.team, owner=locked.owner, asked_by=asked_by, scopes=locked.scopes)
    now = timezone.now()
    if locked.expires_at is not None and locked.expires_at <= now:
        raise Conflict(
            f"{locked.name} has expired, so a new secret would not work either.",
            fix="Give it a later expiry first, or issue a new key.",
        )
    secret = _new_secret()
    overlaps = overlap_hours > 0
    _save(
        locked,
        digest=digest(secret),
        prefix=secret[:_SHOWN],
        rotated_at=now,
        previous_digest=locked.digest if overlaps else "",
        previous_until=now + timedelta(hours=overlap_hours) if overlaps else None,
    )
    return locked, secret


@transaction.atomic
def revoke_key(*, key: ApiKey) -> ApiKey:
    """The key stops working within two seconds, everywhere, and so does a secret from before its
    rotation. Raises Conflict the second time."""
    locked = _lock(key)
    _save(locked, revoked_at=timezone.now(), previous_digest="", previous_until=None)
    return locked


def _lock(key: ApiKey) -> ApiKey:
    rows = ApiKey.objects.select_for_update(of=("self",)).select_related("owner", "team")
    locked = rows.get(pk=key.pk)
    if locked.revoked_at is not None:
        raise Conflict(f"{locked.name} is already revoked.", fix="Issue a new key.")
    return locked


def _save(key: ApiKey, **columns: Any) -> None:
    for column, value in columns.items():
        setattr(key, column, value)
    key.save(update_fields=[*columns, "updated_at"])
    publish(subject="key", subject_id=str(key.pk), change="updated", team_id=key.team_id)
    publish_routes()


def _new_secret() -> str:
    return KEY_PREFIX + b32encode(secrets.token_bytes(_SECRET_BYTES)).decode().lower()


def _check_by_key(*, by_key: bool, scopes: Sequence[str]) -> None:
    """A key that is lost must not be able to make itself a successor."""
    if by_key and "manage" in scopes:
        raise Forbidden(
            "A key may not make or change keys with the scope manage.",
            fix="Use a personal token, or do it on the Keys page.",
        )


def _check_reach(*, team: Team, owner: User, asked_by: User | None, scopes: Sequence[str]) -> None:
    """The scope manage opens all that the owner may do: who manages other people's keys must not
    come by a secret that opens more than they may do themselves."""
    if asked_by is None or asked_by == owner or "manage" not in scopes:
        return
    reach = ROLE_PERMISSIONS[get_role(user=owner, team=team)]
    if not reach <= ROLE_PERMISSIONS[get_role(user=asked_by, team=team)]:
        raise Forbidden(
            f"A key of {owner.get_username()} with the scope manage opens more than your role.",
            fix=f"Ask {owner.get_username()} or an admin to do it.",
        )


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(
            "The key would have expired before its next use.",
            fix="Choose a later time, or leave the expiry out.",
        )


def _check_scopes(*, team: Team, owner: User, scopes: Sequence[str]) -> None:
    role = get_role(user=owner, team=team)
    for scope in scopes:
        needed = _SCOPE_NEEDS[scope]
        if needed not in ROLE_PERMISSIONS[role]:
            raise Invalid(
                f"A key of {owner.get_username()} ({role}) cannot have the scope {scope}.",
                fix=f"That takes one of these roles: {', '.join(roles_with(needed))}.",
            )


def issue_ticket(*, team: Team, user: User) -> tuple[str, datetime]:
    """What the console calls /v1 with: a signed bearer for ten minutes, and when it ends.

    It is not stored and cannot be called back; its short life is its revocation.
    """
    expires_at = timezone.now() + TICKET_LIFE
    ticket = make_ticket(
        derive_ticket_secret(settings.SECRET_KEY),
        user_id=user.pk,
        team_id=team.pk,
        expires_at=expires_at.timestamp(),
    )
    return ticket, expires_at
