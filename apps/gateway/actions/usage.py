from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.core.events import publish
from apps.gateway.dataplane import usage
from apps.gateway.models import ApiKey, UsageRecord

_LARGEST_COUNT = 2**31 - 1


@transaction.atomic
def record_usage(*, records: Sequence[usage.UsageRecord]) -> None:
    """Store what requests cost. A record that is there already stays as it is."""
    UsageRecord.objects.bulk_create([_row(record) for record in records], ignore_conflicts=True)
    latest: dict[int, float] = {}
    for record in records:
        if record.key_id is not None:
            latest[record.key_id] = max(record.at, latest.get(record.key_id, 0.0))
    for key_id, at in sorted(latest.items()):
        when = datetime.fromtimestamp(at, UTC)
        unused = Q(last_used_at=None) | Q(last_used_at__lt=when)
        ApiKey.objects.filter(unused, pk=key_id).update(last_used_at=when)
    for team_id in {record.team_id for record in records}:
        publish(subject="usage", subject_id=str(team_id), change="updated", team_id=team_id)


def _row(record: usage.UsageRecord) -> UsageRecord:
    return UsageRecord(
        id=UUID(record.id),
        at=datetime.fromtimestamp(record.at, UTC),
        team_id=record.team_id,
        key_id=record.key_id,
        user_id=record.user_id,
        endpoint=record.endpoint[:40],
        model=_text(record.model, 200),
        route=_text(record.route, 100),
        deployment_id=record.deployment_id,
        upstream_id=record.upstream_id,
        replica_id=_text(record.replica_id or "", 64),
        served_by=_text(record.served_by, 200),
        node=_text(record.node, 100),
        status=record.status,
        error=_text(record.error, 60),
        streamed=record.streamed,
        prompt_tokens=_count(record.prompt_tokens),
        completion_tokens=_count(record.completion_tokens),
        cached_tokens=_count(record.cached_tokens),
        estimated=record.estimated,
        queue_ms=record.queue_ms,
        connect_ms=record.connect_ms,
        first_byte_ms=record.first_byte_ms,
        total_ms=record.total_ms,
    )


def _text(value: str, limit: int) -> str:
    """Clients choose these: Postgres stores no NUL."""
    return value.replace("\x00", "")[:limit]


def _count(value: int) -> int:
    """An upstream's own arithmetic must not stop the writer."""
    return min(max(value, 0), _LARGEST_COUNT)
