"""Writes about what people and teams may use, and about how far they have."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from apps.accounts.models import Team, User
from apps.core.events import publish
from apps.gateway import queries
from apps.gateway.actions.publishing import publish_routes
from apps.gateway.models import HolderLimits, LimitNotice
from apps.gateway.queries.holders import NoticeEntry


@transaction.atomic
def set_holder_limits(*, team: Team, user: User | None, limits: Mapping[str, int]) -> None:
    """What all keys of a team, or of one of its people, may use together; {} takes it away."""
    row, _ = HolderLimits.objects.select_for_update().get_or_create(team=team, user=user)
    if row.limits == dict(limits):
        return
    row.limits = dict(limits)
    row.save(update_fields=["limits", "updated_at"])
    publish(subject="limits", subject_id=str(row.pk), change="updated", team_id=team.pk)
    publish_routes()


@transaction.atomic
def record_notices(*, entries: Sequence[NoticeEntry]) -> None:
    """Remember how far limits are used. What is known already, or is about nobody, changes nothing.

    The team's consoles are told of each that is new.
    """
    for entry in entries:
        named = queries.find_notice_holder(entry=entry)
        if named is None:
            continue
        team_id, name = named
        notice, is_new = LimitNotice.objects.get_or_create(
            team_id=team_id,
            level=entry.level,
            holder_id=entry.holder_id,
            window=entry.window,
            percent=entry.percent,
            period=entry.period,
            defaults={"holder": name, "limit": entry.limit},
        )
        if is_new:
            publish(subject="notice", subject_id=str(notice.pk), change="created", team_id=team_id)
