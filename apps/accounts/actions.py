"""Every write about people, teams and tokens."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Membership, PersonalToken, Team, User
from apps.accounts.queries import digest_of
from apps.core.permissions import Role

TOKEN_USE_RESOLUTION = timedelta(minutes=1)


@transaction.atomic
def create_person(*, username: str, password: str, team: Team, role: str = Role.VIEWER) -> User:
    user = User.objects.create_user(username=username, password=password)
    Membership.objects.create(user=user, team=team, role=role)
    return user


def create_team(*, name: str, slug: str) -> Team:
    return Team.objects.create(name=name, slug=slug)


def issue_token(*, user: User, team: Team, name: str) -> tuple[PersonalToken, str]:
    """A new personal token and its secret, which is returned this once and never stored."""
    secret = f"ht_live_{secrets.token_urlsafe(24)}"
    token = PersonalToken.objects.create(
        user=user, team=team, name=name, prefix=secret[:12], digest=digest_of(secret)
    )
    return token, secret


def note_token_use(*, token: PersonalToken) -> None:
    """Remember the use, to the minute: a busy script must not write on every call."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > TOKEN_USE_RESOLUTION:
        PersonalToken.objects.filter(pk=token.pk).update(last_used_at=now)
