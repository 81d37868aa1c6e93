"""One list of what happened, from the places where it is written down."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from apps.accounts import queries as account_queries
from apps.accounts.models import Team
from apps.core.models import StateChange
from apps.operations.models import Operation

# The columns that must be equal, the time before which, how many: items newest first.
Source = Callable[[dict[str, Any], datetime | None, int], list[dict[str, Any]]]
_further_sources: list[Source] = []


def add_source(source: Source) -> None:
    """An app above this one adds what it has written down."""
    _further_sources.append(source)


def read_timeline(
    *, team: Team, subject: str | None, limit: int, cursor: datetime | None
) -> dict[str, Any]:
    """Newest first. `subject` is `type:id`; `cursor` is the time of the last item seen."""
    subject_type, _, subject_id = (subject or "").partition(":")
    where: dict[str, Any] = {"team_id": team.pk}
    if subject_type:
        where |= {"subject": subject_type, "subject_id": subject_id}
    items = [
        *_state_changes(where, cursor, limit + 1),
        *_operations(where, cursor, limit + 1),
        *_audit(where, cursor, limit + 1),
        *(item for source in _further_sources for item in source(where, cursor, limit + 1)),
    ]
    items.sort(key=lambda item: item["at"], reverse=True)
    page = items[:limit]
    return {"items": page, "next_cursor": page[-1]["at"] if len(items) > limit else None}


def _state_changes(
    where: dict[str, Any], cursor: datetime | None, limit: int
) -> list[dict[str, Any]]:
    rows = StateChange.objects.filter(**where)
    if cursor:
        rows = rows.filter(at__lt=cursor)
    return [
        {
            "at": row.at,
            "source": "state",
            "subject": row.subject,
            "subject_id": row.subject_id,
            "title": f"{row.from_state} → {row.to_state}",
            "text": row.reason,
        }
        for row in rows.order_by("-at")[:limit]
    ]


def _operations(where: dict[str, Any], cursor: datetime | None, limit: int) -> list[dict[str, Any]]:
    renamed = {"subject_type" if name == "subject" else name: it for name, it in where.items()}
    rows = Operation.objects.filter(**renamed).select_related("requested_by")
    if cursor:
        rows = rows.filter(created_at__lt=cursor)
    return [
        {
            "at": row.created_at,
            "source": "operation",
            "subject": row.subject_type,
            "subject_id": row.subject_id,
            "title": row.kind,
            "text": row.error or row.state,
            "actor": row.requested_by.username if row.requested_by else "",
            "link": f"/operations/{row.pk}",
        }
        for row in rows.order_by("-created_at")[:limit]
    ]


def _audit(where: dict[str, Any], cursor: datetime | None, limit: int) -> list[dict[str, Any]]:
    rows = account_queries.list_audit_entries(**where)
    if cursor:
        rows = rows.filter(at__lt=cursor)
    return [
        {
            "at": row.at,
            "source": "audit",
            "subject": row.subject,
            "subject_id": row.subject_id,
            "title": row.action,
            "text": row.result,
            "actor": row.actor_name,
        }
        for row in rows.order_by("-at")[:limit]
    ]
