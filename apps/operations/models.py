import uuid

from django.db import models

from apps.core.models import StatefulModel, TeamOwnedModel
from apps.operations.states import (
    OPERATION_ACTIONS,
    OPERATION_STATES,
    STEP_STATES,
    OperationState,
    StepState,
)


class Operation(TeamOwnedModel, StatefulModel):
    """One long-running request: what was asked, about which row, how far it is, how it ended.

    Exactly one worker holds it at a time: it writes with the `fence` it was given and loses the
    right to write when the lease runs out and somebody else takes the next number.
    """

    STATES = OPERATION_STATES
    ACTIONS = OPERATION_ACTIONS
    SUBJECT = "operation"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=100)
    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=64)
    subject_name = models.CharField(max_length=200, blank=True)
    params = models.JSONField(default=dict, blank=True)
    requested_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(
        max_length=20, choices=OperationState.choices, default=OperationState.QUEUED
    )
    error = models.TextField(blank=True)
    fix = models.TextField(blank=True)
    progress = models.FloatField(null=True)  # 0 to 1, None while it cannot be told
    progress_text = models.CharField(max_length=200, blank=True)
    attempt = models.PositiveIntegerField(default=1)
    lost_workers = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    exclusive = models.BooleanField(default=False)  # alone at work on its subject
    enqueued_at = models.DateTimeField(null=True)  # when the broker was last given the message
    settled_at = models.DateTimeField(null=True)  # when the subject was told how it ended
    cancel_requested_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    last_sequence = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=OperationState.values),
                name="operation_state_is_known",
            ),
            models.UniqueConstraint(
                fields=["subject_type", "subject_id"],
                condition=models.Q(state__in=["queued", "running"], exclusive=True),
                name="one_exclusive_operation",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="operation_by_team"),
            models.Index(fields=["subject_type", "subject_id"], name="operation_by_subject"),
            # Not by lease: renewing one must not touch an index.
            models.Index(
                fields=["created_at"],
                name="operation_open",
                condition=models.Q(state__in=["queued", "running"]),
            ),
            models.Index(
                fields=["finished_at"],
                name="operation_unsettled",
                condition=models.Q(state__in=["failed", "cancelled"], settled_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_name}"


class OperationStep(models.Model):
    """One part of an operation. A retry starts at the first step that has not succeeded."""

    STATES = STEP_STATES

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    state = models.CharField(
        max_length=20, choices=StepState.choices, default=StepState.PENDING, editable=False
    )
    detail = models.TextField(blank=True)
    result = models.JSONField(default=dict, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operation", "name"], name="step_name_once"),
            models.UniqueConstraint(fields=["operation", "position"], name="step_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.name}"


class OperationLogLine(models.Model):
    """One line of an operation's log; `sequence` counts from 1 without gaps."""

    id = models.BigAutoField(primary_key=True)
    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="lines")
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    step = models.CharField(max_length=60, blank=True)
    level = models.CharField(max_length=10, default="info")
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operation", "sequence"], name="log_line_once")
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.text[:60]}"
