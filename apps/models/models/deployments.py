from django.db import models

from apps.core.models import StatefulModel, TeamOwnedModel, TimestampedModel
from apps.models.states.deployments import (
    DEPLOYMENT_ACTIONS,
    DEPLOYMENT_STATES,
    REPLICA_STATES,
    DeploymentState,
    ReplicaState,
)


class Deployment(TeamOwnedModel, StatefulModel):
    """Our decision to serve an AI model with a number of replicas under one public name."""

    STATES = DEPLOYMENT_STATES
    ACTIONS = DEPLOYMENT_ACTIONS
    SUBJECT = "deployment"

    name = models.CharField(max_length=100)
    ai_model = models.ForeignKey(
        "ai_models.AIModel", on_delete=models.PROTECT, related_name="deployments"
    )
    state = models.CharField(
        max_length=20, choices=DeploymentState.choices, default=DeploymentState.PENDING
    )
    runtime = models.CharField(max_length=20, default="local")
    replica_count = models.PositiveSmallIntegerField(default=1)
    context_length = models.PositiveIntegerField()  # tokens per slot
    slots = models.PositiveSmallIntegerField(default=2)  # requests served at once per replica
    kv_type = models.CharField(max_length=10, default="f16")
    threads = models.PositiveSmallIntegerField(null=True, blank=True)
    node_labels = models.JSONField(default=dict, blank=True)
    keep_warm = models.BooleanField(default=True)
    idle_seconds = models.PositiveIntegerField(null=True, blank=True)  # unload after
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=DeploymentState.values),
                name="deployment_state_is_known",
            ),
            models.UniqueConstraint(fields=["team", "name"], name="deployment_name_once_per_team"),
        ]

    def __str__(self) -> str:
        return self.name


class Replica(TimestampedModel, StatefulModel):
    """One running copy on one node."""

    STATES = REPLICA_STATES
    SUBJECT = "replica"

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="replicas")
    node = models.ForeignKey("nodes.Node", on_delete=models.PROTECT, related_name="replicas")
    position = models.PositiveSmallIntegerField()
    state = models.CharField(
        max_length=20, choices=ReplicaState.choices, default=ReplicaState.PENDING
    )
    url = models.CharField(max_length=200, blank=True)
    sealed_key = models.TextField(blank=True)  # what its model server demands of callers; encrypted
    estimated_bytes = models.BigIntegerField(null=True)
    memory_bytes = models.BigIntegerField(null=True)  # resident when it was last looked at
    measured_peak_bytes = models.BigIntegerField(null=True)
    restarts = models.PositiveIntegerField(default=0)
    exits = models.JSONField(default=list, blank=True)  # the last five, as schemas.ExitOut
    started_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=ReplicaState.values), name="replica_state_is_known"
            ),
            models.UniqueConstraint(
                fields=["deployment", "position"], name="replica_position_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment} #{self.position}"

    @property
    def team_id(self) -> int:
        return self.deployment.team_id


class MemoryMeasurement(TimestampedModel):
    """What a replica really took, beside what was promised. Bytes."""

    sha256 = models.CharField(max_length=64)
    context_length = models.PositiveIntegerField()
    slots = models.PositiveSmallIntegerField()
    kv_type = models.CharField(max_length=10)
    node = models.ForeignKey("nodes.Node", on_delete=models.CASCADE, related_name="+")
    estimated_bytes = models.BigIntegerField()
    peak_bytes = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sha256", "context_length", "slots", "kv_type", "node"],
                name="one_measurement_per_shape",
            )
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:8]} {self.context_length}×{self.slots}: {self.peak_bytes}"
