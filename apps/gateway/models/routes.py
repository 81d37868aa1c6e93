"""Public model names and the places they lead to."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.core.models import TeamOwnedModel
from apps.gateway.dataplane.circuits import CircuitReport


class Upstream(TeamOwnedModel):
    """An OpenAI-compatible server that is not ours, by address and key."""

    SUBJECT = "upstream"

    name = models.CharField(max_length=100)
    base_url = models.CharField(max_length=500)
    sealed_key = models.TextField(blank=True)
    speaks = models.JSONField(default=list, blank=True)  # empty: what OpenAI's clients expect
    speaks_found = models.JSONField(default=list, blank=True)  # as it seemed, when it was asked
    leaves_house = models.BooleanField(default=False)
    context_length = models.PositiveIntegerField(null=True, blank=True)  # tokens
    models_found = models.JSONField(default=list, blank=True)  # names, at the last probe
    latency_ms = models.FloatField(null=True, blank=True)  # of the last probe that was answered
    probed_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)  # a sentence, when the last probe failed
    state_since = models.DateTimeField(null=True, blank=True)  # it answers, or does not, since then

    # No column, but on its way out with the row:
    circuits: list[CircuitReport]  # of the gateway processes that pass it over

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="upstream_name_once_per_team")
        ]

    def __str__(self) -> str:
        return self.name


class UpstreamProbe(models.Model):
    """One time an upstream was asked for its models. Kept for some days."""

    upstream = models.ForeignKey(Upstream, on_delete=models.CASCADE, related_name="probes")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    latency_ms = models.FloatField(null=True)
    model_count = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["upstream", "-id"], name="probe_by_upstream")]

    def __str__(self) -> str:
        return f"{self.upstream}: {self.problem or 'answered'}"


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

    # No columns, but on their way out with the row:
    changes: list[dict[str, str]]  # since the version before
    is_current: bool

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
