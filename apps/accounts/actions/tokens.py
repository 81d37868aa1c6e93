"""Writes about personal tokens."""

import secrets
from datetime import datetime, timedelta

from django.utils import timezone

from apps.accounts.models import PersonalToken, Team, User
from apps.accounts.queries import digest_of
from apps.core.errors import Invalid

TOKEN_USE_RESOLUTION = timedelta(minutes=1)


def issue_token(
    *, user: User, team: Team, name: str, expires_at: datetime | None = None
) -> tuple[PersonalToken, str]:
    """A new personal token and its secret, which is returned this once and never stored."""
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid("The token would have expired already.", fix="Choose a later time.")
    secret = f"ht_live_{secrets.token_urlsafe(24)}"
    token = PersonalToken.objects.create(
        user=user,
        team=team,
        name=name,
        prefix=secret[:12],
        digest=digest_of(secret),
        expires_at=expires_at,
    )
    return token, secret


def revoke_token(*, token: PersonalToken) -> None:
    token.delete()


def note_token_use(*, token: PersonalToken) -> None:
    """Remember the use, to the minute: a busy script must not write on every call."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > TOKEN_USE_RESOLUTION:
        PersonalToken.objects.filter(pk=token.pk).update(last_used_at=now)
