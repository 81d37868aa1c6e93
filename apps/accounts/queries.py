"""Every read about people, teams and tokens."""

import hashlib
from collections.abc import Collection
from typing import Any

import orjson
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import AuditEntry, Membership, PersonalToken, SignIn, Team, User
from apps.core.errors import Forbidden, NotFound

FIRST_AUDIT_HASH = "0" * 64


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
    return PersonalToken.objects.filter(user=user).select_related("team")


def get_token(*, user: User, token_id: int) -> PersonalToken:
    try:
        return list_tokens(user=user).get(pk=token_id)
    except PersonalToken.DoesNotExist:
        raise NotFound(f"You have no token {token_id}.") from None


def find_default_team() -> Team | None:
    return Team.objects.order_by("pk").first()


def find_person(*, username: str) -> User | None:
    return User.objects.filter(username=username).first()


def list_active_memberships(*, user_ids: Collection[int]) -> set[tuple[int, int]]:
    """Person and team, of people who are not locked out."""
    rows = Membership.objects.filter(user_id__in=user_ids, user__is_active=True)
    return set(rows.values_list("user_id", "team_id"))


def list_live_sessions(*, keys: Collection[str]) -> set[str]:
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return set(rows.values_list("session_key", flat=True))


def list_live_tokens(*, digests: Collection[str]) -> set[str]:
    """Of these digests, those of tokens that are neither revoked nor expired."""
    rows = PersonalToken.objects.filter(digest__in=digests)
    good = rows.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    return set(good.values_list("digest", flat=True))


def list_people(*, team: Team) -> QuerySet[Membership]:
    return Membership.objects.filter(team=team).select_related("user", "team")


def get_person(*, team: Team, user_id: int) -> Membership:
    membership = list_people(team=team).filter(user_id=user_id).first()
    if membership is None:
        raise NotFound(f"There is no person {user_id} in {team.name}.")
    return membership


def list_teams(*, user: User) -> QuerySet[Membership]:
    """The teams a person belongs to, each with the role there."""
    return Membership.objects.filter(user=user).select_related("team")


def list_sign_ins(*, user: User) -> QuerySet[SignIn]:
    """The browsers in which a person is signed in now."""
    live = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return SignIn.objects.filter(user=user, session_key__in=live)


def get_sign_in(*, user: User, sign_in_id: int) -> SignIn:
    sign_in = list_sign_ins(user=user).filter(pk=sign_in_id).first()
    if sign_in is None:
        raise NotFound(f"You are not signed in as {sign_in_id} anywhere.")
    return sign_in


def list_audit_entries(*, team_id: int, **where: Any) -> QuerySet[AuditEntry]:
    """A team's entries; `where` are further columns that must be equal."""
    given = {column: value for column, value in where.items() if value not in (None, "")}
    return AuditEntry.objects.filter(team_id=team_id, **given)


def hash_audit_entry(entry: AuditEntry) -> str:
    """SHA-256 over all that the entry says and the hash of the one before, as hex."""
    said = [
        getattr(entry, field.attname)
        for field in AuditEntry._meta.concrete_fields
        if field.attname not in ("id", "hash")
    ]
    return hashlib.sha256(orjson.dumps(said)).hexdigest()


def find_broken_audit_entry() -> AuditEntry | None:
    """The first entry that does not fit the chain; None when nobody has changed anything."""
    previous = FIRST_AUDIT_HASH
    for entry in AuditEntry.objects.order_by("pk").iterator(chunk_size=2_000):
        if entry.previous_hash != previous or entry.hash != hash_audit_entry(entry):
            return entry
        previous = entry.hash
    return None
