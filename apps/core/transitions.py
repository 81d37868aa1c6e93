"""Moving a row from one state to another: the only code that assigns `state`."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.core.errors import InvalidTransition
from apps.core.events import publish
from apps.core.models import StateChange, StatefulModel
from apps.core.permissions import Permission, roles_with

_STATE_FIELDS = ("state", "state_reason", "state_since", "state_deadline")


def transition(
    row: StatefulModel,
    *,
    to: str,
    reason: str = "",
    deadline: datetime | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    """Move a row to another state and record why.

    `changes` are further columns saved in the same statement. Raises InvalidTransition when the
    state machine has no such arrow from where the row is now, read under a lock.
    """
    with transaction.atomic():
        locked = type(row)._default_manager.select_for_update().get(pk=row.pk)
        if not locked.STATES.allows(locked.state, to):
            raise InvalidTransition(
                f"{_name(locked)} is {locked.state} and cannot become {to} from there.",
                fix="Look at its state again: somebody or something else may have moved it.",
            )
        _record(locked, to=to, reason=reason, deadline=deadline, changes=changes or {})
    for field in (*_STATE_FIELDS, *(changes or {})):
        setattr(row, field, getattr(locked, field))


def _record(
    row: StatefulModel,
    *,
    to: str,
    reason: str,
    deadline: datetime | None,
    changes: dict[str, Any],
) -> None:
    now = timezone.now()
    team_id = getattr(row, "team_id", None)
    StateChange.objects.create(
        team_id=team_id,
        subject=row.SUBJECT,
        subject_id=str(row.pk),
        from_state=row.state,
        to_state=to,
        reason=reason,
        at=now,
    )
    row.state, row.state_reason, row.state_since, row.state_deadline = to, reason, now, deadline
    for field, value in changes.items():
        setattr(row, field, value)
    row.save(update_fields=[*_STATE_FIELDS, *changes, "updated_at"])  # type: ignore[misc]
    publish(subject=row.SUBJECT, subject_id=str(row.pk), change="updated", team_id=team_id)


def advance(row: Any, *, to: str, changes: dict[str, Any]) -> None:
    """Move a row that is part of another one: no history of its own, no event.

    The caller holds the lock of the row it belongs to. Raises InvalidTransition.
    """
    if not row.STATES.allows(row.state, to):
        raise InvalidTransition(f"{row} is {row.state} and cannot become {to} from there.")
    row.state = to
    for field, value in changes.items():
        setattr(row, field, value)
    row.save(update_fields=["state", *changes])


def explain_state(row: StatefulModel, *, reason: str) -> None:
    """Replace the sentence beside a state that stays as it is, if it says something new."""
    changed = (
        type(row)
        ._default_manager.filter(pk=row.pk, state=row.state)
        .exclude(state_reason=reason)
        .update(state_reason=reason)
    )
    if changed:
        row.state_reason = reason
        publish(
            subject=row.SUBJECT,
            subject_id=str(row.pk),
            change="updated",
            team_id=getattr(row, "team_id", None),
        )


def why_not(row: StatefulModel, action: str, permissions: AbstractSet[Permission]) -> str | None:
    """Why an action on a row is impossible now, or None when it is possible."""
    rule = row.ACTIONS[action]
    if rule.permission not in permissions:
        return f"Your role does not reach. It takes: {', '.join(roles_with(rule.permission))}."
    if rule.states is not None and row.state not in rule.states:
        return rule.otherwise or f"Not possible while {row.state}."
    return None


def require_state_for(row: StatefulModel, action: str) -> None:
    """Raise InvalidTransition unless the row's state allows the action."""
    rule = row.ACTIONS[action]
    if rule.states is not None and row.state not in rule.states:
        raise InvalidTransition(rule.otherwise or f"{_name(row)} is {row.state}.")


def _name(row: StatefulModel) -> str:
    return str(getattr(row, "name", "") or row)
