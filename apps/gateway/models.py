"""Keys, upstreams, routes, and what requests have cost."""

from django.db import models
from django.db.models import Q

from apps.core.models import TeamOwnedModel


def default_scopes() -> list[str]:
    return ["infer"]


class ApiKey(TeamOwnedModel):
    """Lets a program use the models of a team. Only the SHA-256 of the secret is stored."""

    SUBJECT = "key"

    name = models.CharField(max_length=100)
    owner = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    prefix = models.CharField(max_length=20)  # what a person may see to tell keys apart
    digest = models.CharField(max_length=64, unique=True)
    allowed_models = models.JSONField(null=True, blank=True)  # names; null: all of the team's
    denied_models = models.JSONField(default=list, blank=True)
    scopes = models.JSONField(default=default_scopes)
    networks = models.JSONField(default=list, blank=True)  # CIDR; empty: from everywhere
    limits = models.JSONField(default=dict, blank=True)  # the fields of dataplane.snapshot.Limits
    max_output_tokens = models.PositiveIntegerField(null=True, blank=True)
    when_redis_away = models.CharField(max_length=10, blank=True)  # "": refuse with token budgets
    privacy = models.CharField(max_length=10, default="metadata")
    previous_digest = models.CharField(max_length=64, blank=True)  # before the last rotation
    previous_until = models.DateTimeField(null=True, blank=True)
    rotated_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    secret: str  # on its way to the person who asked for the key; no column

    class Meta:
        indexes = [models.Index(fields=["team", "name"], name="key_by_team")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class HolderLimits(TeamOwnedModel):
    """What all keys of a team, or of one of its people, may use together."""

    SUBJECT = "limits"

    user = models.ForeignKey(  # null: the whole team
        "accounts.User", on_delete=models.CASCADE, related_name="+", null=True
    )
    limits = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "user"], name="limits_once_per_holder", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"limits of {self.user or self.team}"


class Upstream(TeamOwnedModel):
    """An OpenAI-compatible server that is not ours, by address and key."""

    SUBJECT = "upstream"

    name = models.CharField(max_length=100)
    base_url = models.CharField(max_length=500)
    sealed_key = models.TextField(blank=True)
    speaks = models.JSONField(default=list, blank=True)  # empty: what OpenAI's clients expect
    leaves_house = models.BooleanField(default=False)
    context_length = models.PositiveIntegerField(null=True, blank=True)  # tokens
    models_found = models.JSONField(default=list, blank=True)  # names, at the last probe
    latency_ms = models.FloatField(null=True, blank=True)  # of the last probe that was answered
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
    aliases = models.JSONField(default=list, blank=True)  # further names for the same
    affinity = models.CharField(max_length=10, default="none")
    may_leave_house = models.BooleanField(default=False)
    max_output_tokens = models.PositiveIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="route_name_once_per_team")
        ]

    def __str__(self) -> str:
        return self.name


class RouteVersion(models.Model):
    """A route as it was saved once: the whole of it, as a document."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, related_name="+", null=True
    )
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["route", "number"], name="route_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.route} v{self.number}"


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
