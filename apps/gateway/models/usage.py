"""What requests were and have cost."""

from django.db import models


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
        "gateway.ApiKey", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", null=True
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
