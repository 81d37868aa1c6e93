"""Every read about people, teams and tokens."""

import hashlib

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import Membership, PersonalToken, Team, User
from apps.core.errors import Forbidden, NotFound


def digest_of(secret: str) -> str:
    """SHA-256 as hex. The secrets are random, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_token(*, secret: str) -> PersonalToken | None:
    return (
        PersonalToken.objects.select_related("user", "team")
        .filter(digest=digest_of(secret), user__is_active=True)
        .filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
        .first()
    )


def get_current_team(*, user: User) -> Team:
    """The team a session acts for: the person's first. Raises Forbidden when there is none."""
    membership = Membership.objects.select_related("team").filter(user=user).order_by("pk").first()
    if membership is None:
        raise Forbidden("You belong to no team.", fix="Ask an admin to add you to one.")
    return membership.team


def get_role(*, user: User, team: Team) -> str:
    """Raises Forbidden when the person no longer belongs to the team."""
    role = Membership.objects.filter(user=user, team=team).values_list("role", flat=True).first()
    if role is None:
        raise Forbidden(
            f"You no longer belong to the team {team.name}.", fix="Ask an admin to add you again."
        )
    return role


def list_tokens(*, user: User) -> QuerySet[PersonalToken]:
    return PersonalToken.objects.filter(user=user)


def get_token(*, user: User, token_id: int) -> PersonalToken:
    try:
        return list_tokens(user=user).get(pk=token_id)
    except PersonalToken.DoesNotExist:
        raise NotFound(f"You have no token {token_id}.") from None


def find_default_team() -> Team | None:
    return Team.objects.order_by("pk").first()
