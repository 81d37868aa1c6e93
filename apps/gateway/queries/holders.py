"""What teams and their people may use with all their keys together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from apps.accounts.models import Membership, Team, User
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
    found = [(None, rows.get(None)), *((each.user, rows.get(each.user_id)) for each in people)]
    return _shown(team, found)


def get_holder(*, team: Team, user: User | None) -> dict[str, Any]:
    """One of them."""
    [holder] = _shown(team, [(user, find_holder_limits(team=team, user=user))])
    return holder


def _holder(team: Team, user: User | None, row: HolderLimits | None) -> Holder:
    limits = {} if row is None else row.limits
    if user is None:
        return Holder("team", team.pk, team.name, limits)
    return Holder("user", user.pk, user.get_username(), limits)


def _shown(
    team: Team, found: Sequence[tuple[User | None, HolderLimits | None]]
) -> list[dict[str, Any]]:
    holders = [_holder(team, user, row) for user, row in found]
    return [
        {
            "level": holder.level,
            "id": holder.id,
            "name": holder.name,
            "limits": holder.limits,
            "changed_at": None if row is None else row.updated_at,
            "use": use,
        }
        for holder, (_, row), use in zip(
            holders, found, read_use(team=team, holders=holders), strict=True
        )
    ]


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


@dataclass(frozen=True)
class NoticeEntry:
    """What a gateway process says about a limit. `team_id` is given for people alone."""

    level: str  # key, user or team
    holder_id: int
    team_id: int | None
    window: str  # a field of dataplane.snapshot.Limits
    percent: int
    period: str
    limit: int | None


def find_notice_holder(*, entry: NoticeEntry) -> tuple[int, str] | None:
    """The team and the holder's name; None when it is gone."""
    if entry.level == "key":
        key = ApiKey.objects.filter(pk=entry.holder_id).first()
        return None if key is None else (key.team_id, key.name)
    if entry.level == "user":
        people = Membership.objects.select_related("user").filter(user_id=entry.holder_id)
        member = people.filter(team_id=entry.team_id or 0).first()
        return None if member is None else (member.team_id, member.user.get_username())
    team = Team.objects.filter(pk=entry.holder_id).first()
    return None if team is None else (team.pk, team.name)


def read_notices_for_timeline(
    where: dict[str, Any], before: datetime | None, limit: int
) -> list[dict[str, Any]]:
    """Notices as items of the timeline: a key's under the key, others under the team."""
    notices = LimitNotice.objects.filter(team_id=where["team_id"])
    if "subject" in where:
        holder_id = int(where["subject_id"]) if where["subject_id"].isdecimal() else 0
        notices = notices.filter(level=where["subject"], holder_id=holder_id)
    if before is not None:
        notices = notices.filter(created_at__lt=before)
    return [
        {
            "at": notice.created_at,
            "source": "limit",
            "subject": notice.level,
            "subject_id": str(notice.holder_id),
            "title": f"{notice.percent} % used",
            "text": notice_text(notice),
        }
        for notice in notices.order_by("-created_at")[:limit]
    ]


def notice_text(notice: LimitNotice) -> str:
    """One sentence for a person."""
    whose = f"The {notice.level} {notice.holder}"
    of = "" if notice.limit is None else f" of {notice.limit:,}"
    window = notice.window.replace("_", " ")
    if notice.percent >= 100:
        return f"{whose} has used up its {window}{of} in {notice.period}."
    return f"{whose} has used {notice.percent} % of its {window}{of} in {notice.period}."
