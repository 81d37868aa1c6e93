"""Writes about what people and teams may use, and about how far they have."""

from collections.abc import Mapping

from django.db import transaction

from apps.accounts.models import Team, User
from apps.core.events import publish
from apps.gateway.actions.publishing import publish_routes
from apps.gateway.models import HolderLimits


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
