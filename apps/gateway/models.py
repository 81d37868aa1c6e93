"""Keys, upstreams, routes, and what requests have cost."""

from django.db import models
from django.db.models import Q

from apps.core.models import TeamOwnedModel


class ApiKey(TeamOwnedModel):
    """Lets a program use the models of a team. Only the SHA-256 of the secret is stored."""

    SUBJECT = "key"

    name = models.CharField(max_length=100)
    owner = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    prefix = models.CharField(max_length=20)  # what a person may see to tell keys apart
    digest = models.CharField(max_length=64, unique=True)
    allowed_models = models.JSONField(null=True, blank=True)  # names; null: all of the team's
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    secret: str  # on its way to the person who asked for the key; no column

    class Meta:
        indexes = [models.Index(fields=["team", "name"], name="key_by_team")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Upstream(TeamOwnedModel):
    """An OpenAI-compatible server that is not ours, by address and key."""

    SUBJECT = "upstream"

    name = models.CharField(max_length=100)
    base_url = models.CharField(max_length=500)
    sealed_key = models.TextField(blank=True)
    models_found = models.JSONField(default=list, blank=True)  # names, at the last probe
    probed_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)  # a sentence, when the last probe failed

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="upstream_name_once_per_team")
        ]

    def __str__(self) -> str:
        return self.name


class Route(TeamOwnedModel):
    """A public model name and the places it leads to.

    `fallbacks` is a list of `{"on": [causes], "to": route name}`. A deployment is reachable under
    its own name without any row here.
    """

    SUBJECT = "route"

    name = models.CharField(max_length=100)
    fallbacks = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="route_name_once_per_team")
        ]

    def __str__(self) -> str:
        return self.name


class RouteTarget(models.Model):
    """One of the places a route leads to: an upstream or a deployment, never both."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="targets")
    position = models.PositiveSmallIntegerField()
    upstream = models.ForeignKey(
        Upstream, on_delete=models.PROTECT, related_name="targets", null=True
    )
    deployment = models.ForeignKey(
        "ai_models.Deployment", on_delete=models.CASCADE, related_name="+", null=True
    )
    model = models.CharField(max_length=200, blank=True)  # the name to ask the upstream for
    weight = models.FloatField(default=1.0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(upstream__isnull=True) ^ Q(deployment__isnull=True),
                name="target_is_upstream_or_deployment",
            ),
            models.CheckConstraint(condition=Q(weight__gte=0), name="target_weight_not_negative"),
            models.UniqueConstraint(fields=["route", "position"], name="target_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.route} → {self.upstream or self.deployment}"


class UsageRecord(models.Model):
    """What one request was and cost. It outlives what it names, so no constraint ties it down.

    The id is made where the request is served: a record that arrives twice is one row.
    """

    SUBJECT = "usage"

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    team = models.ForeignKey(
        "accounts.Team", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    key = models.ForeignKey(
        ApiKey, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", null=True
    )
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        null=True,
    )
    endpoint = models.CharField(max_length=40)
    model = models.CharField(max_length=200)  # as the client asked
    route = models.CharField(max_length=100, blank=True)
    deployment_id = models.BigIntegerField(null=True)
    upstream_id = models.BigIntegerField(null=True)
    replica_id = models.CharField(max_length=64, blank=True)
    served_by = models.CharField(max_length=200, blank=True)
    node = models.CharField(max_length=100, blank=True)
    status = models.PositiveSmallIntegerField()
    error = models.CharField(max_length=60, blank=True)
    streamed = models.BooleanField(default=False)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    estimated = models.BooleanField(default=False)
    queue_ms = models.FloatField(default=0)
    connect_ms = models.FloatField(default=0)
    first_byte_ms = models.FloatField(default=0)
    total_ms = models.FloatField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["team", "-at"], name="usage_by_team"),
            models.Index(fields=["key", "-at"], name="usage_by_key"),
        ]

    def __str__(self) -> str:
        return str(self.id)
