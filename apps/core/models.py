"""What every table starts from, and the log of state changes."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.core.state_machine import ActionTable, StateMachine


class TimestampedModel(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class TeamOwnedModel(TimestampedModel):
    """A row that people make. Queries always name the teams whose rows they may return."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class StatefulModel(models.Model):
    """A row whose state moves only through `apps.core.transitions.transition`."""

    STATES: ClassVar[StateMachine]
    ACTIONS: ClassVar[ActionTable] = {}
    SUBJECT: ClassVar[str]  # the word events and the timeline use: "node", "deployment", …

    state = models.CharField(max_length=20, editable=False)  # subclasses add their choices
    state_reason = models.TextField(blank=True, editable=False)
    state_since = models.DateTimeField(default=timezone.now, editable=False)
    state_deadline = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


class StateChange(models.Model):
    """One move of one row, kept for the timeline. Written by `transition` alone."""

    team_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=64)
    from_state = models.CharField(max_length=20)
    to_state = models.CharField(max_length=20)
    reason = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "subject_id", "-id"], name="state_change_by_subject"),
            models.Index(fields=["team_id", "-id"], name="state_change_by_team"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id}: {self.from_state} → {self.to_state}"
