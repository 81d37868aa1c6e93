"""What teams and their people may use with all their keys together."""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from apps.accounts.models import Team, User
from apps.accounts.queries import get_person, list_people
from apps.gateway.models import ApiKey, HolderLimits, LimitNotice
from apps.gateway.queries.limit_use import Holder, read_use


def list_all_holders() -> QuerySet[HolderLimits]:
    """Every team's, for the gateway's table."""
    return HolderLimits.objects.exclude(limits={}).select_related("team", "user").order_by("pk")


def find_holder_limits(*, team: Team, user: User | None) -> HolderLimits | None:
    return HolderLimits.objects.filter(team=team, user=user).first()


def get_member(*, team: Team, user_id: int) -> User:
    """Raises NotFound for somebody who is not in the team."""
    return get_person(team=team, user_id=user_id).user


def list_holders(*, team: Team, user: User | None = None) -> list[dict[str, Any]]:
    """In the shape of HolderLimitsOut: the team, then its people; with `user` only that one."""
    people = list_people(team=team).order_by("user__username")
    if user is not None:
        people = people.filter(user=user)
    rows = {row.user_id: row for row in HolderLimits.objects.filter(team=team)}
    members: list[User | None] = [None, *(person.user for person in people)]
    holders = [
        (_holder(team, member, rows.get(member and member.pk)), rows.get(member and member.pk))
        for member in members
    ]
    use = read_use(team=team, holders=[holder for holder, _ in holders])
    return [
        _shown(holder, row and row.updated_at, used)
        for (holder, row), used in zip(holders, use, strict=True)
    ]


def get_holder(*, team: Team, user: User | None) -> dict[str, Any]:
    """One of them."""
    row = find_holder_limits(team=team, user=user)
    holder = _holder(team, user, row)
    [use] = read_use(team=team, holders=[holder])
    return _shown(holder, row and row.updated_at, use)


def _holder(team: Team, user: User | None, row: HolderLimits | None) -> Holder:
    limits = {} if row is None else row.limits
    if user is None:
        return Holder("team", team.pk, team.name, limits)
    return Holder("user", user.pk, user.get_username(), limits)


def _shown(
    holder: Holder, changed_at: datetime | None, use: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "level": holder.level,
        "id": holder.id,
        "name": holder.name,
        "limits": holder.limits,
        "changed_at": changed_at,
        "use": use,
    }


def list_key_holders(*, key: ApiKey) -> list[Holder]:
    """Whose limits a request of the key counts against: its own, its owner's, its team's."""
    rows = {row.user_id: row for row in HolderLimits.objects.filter(team=key.team)}
    return [
        Holder("key", key.pk, key.name, key.limits),
        _holder(key.team, key.owner, rows.get(key.owner_id)),
        _holder(key.team, None, rows.get(None)),
    ]


def list_notices(
    *,
    team: Team,
    user: User | None = None,
    level: str | None = None,
    holder_id: int | None = None,
) -> QuerySet[LimitNotice]:
    """The team's notices; with `user` only the team's own, that person's and of their keys."""
    notices = LimitNotice.objects.filter(team=team)
    if user is not None:
        own = ApiKey.objects.filter(team=team, owner=user).values("pk")
        notices = notices.filter(
            Q(level="team") | Q(level="user", holder_id=user.pk) | Q(level="key", holder_id__in=own)
        )
    if level is not None:
        notices = notices.filter(level=level)
    return notices if holder_id is None else notices.filter(holder_id=holder_id)
