"""Requests as the gateway tells of them."""

from typing import Any

from django.utils import timezone

from apps.accounts.models import Team
from apps.gateway.dataplane.usage import UsageRecord, new_id


def make_record(team: Team, **values: Any) -> UsageRecord:
    """A streamed chat that went well, just now; further keywords are fields of the record."""
    defaults: dict[str, Any] = {
        "id": new_id(),
        "at": timezone.now().timestamp(),
        "team_id": team.pk,
        "endpoint": "chat/completions",
        "model": "tiny",
        "status": 200,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "first_byte_ms": 20.0,
        "total_ms": 120.0,
        "streamed": True,
    }
    return UsageRecord(**{**defaults, **values})
