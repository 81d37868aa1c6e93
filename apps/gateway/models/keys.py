"""Who may call, and how much."""

from typing import Any

from django.db import models

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

    # No columns, but on their way out with the row:
    secret: str  # to the person who asked for the key, this once
    use: dict[str, Any]  # in the shape of KeyUseOut

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


class LimitNotice(TeamOwnedModel):
    """That a limit was used up to so many percent in one of its windows. Said once per window."""

    SUBJECT = "notice"

    level = models.CharField(max_length=10)  # key, user or team
    holder_id = models.BigIntegerField()
    holder = models.CharField(max_length=200)  # its name at that time
    window = models.CharField(max_length=30)  # a field of dataplane.snapshot.Limits
    percent = models.PositiveSmallIntegerField()
    limit = models.BigIntegerField(null=True)
    period = models.CharField(max_length=20)  # such as 2026-11 or 2026-11-21

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "level", "holder_id", "window", "percent", "period"],
                name="notice_once_per_window",
            )
        ]
        indexes = [models.Index(fields=["team", "-created_at"], name="notice_by_team")]

    def __str__(self) -> str:
        return f"{self.holder}: {self.percent} % of {self.window} in {self.period}"
