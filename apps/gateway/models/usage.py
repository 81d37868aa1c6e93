"""What requests were, what they have cost, and what is kept of their words."""

from django.db import models
from django.db.models import Q

FAILED = Q(status__gte=400) | ~Q(error="")
SLOW_MS = 5000
SLOW = Q(first_byte_ms__gte=SLOW_MS)
FELL_BACK = ~Q(fallback_reason="")


class UsageRecord(models.Model):
    """What one request was and cost. It outlives what it names, so no constraint ties it down.

    The id is made where the request is served: a record that arrives twice is one row. The table
    is partitioned by month, so its primary key is really (id, at); the two always come together.
    """

    SUBJECT = "usage"

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    team = models.ForeignKey(
        "accounts.Team",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        db_index=False,
    )
    key = models.ForeignKey(
        "gateway.ApiKey",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        null=True,
        db_index=False,
    )
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        null=True,
        db_index=False,
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
    queue_position = models.PositiveIntegerField(null=True)
    fallback_reason = models.CharField(max_length=200, blank=True, default="")
    capped_to = models.PositiveIntegerField(null=True)  # output tokens
    address = models.CharField(max_length=60, blank=True, default="")  # of the client
    trace = models.JSONField(default=list, blank=True)  # the decisions on the way

    class Meta:
        indexes = [
            models.Index(fields=["team", "-at"], name="usage_by_team"),
            models.Index(fields=["key", "-at"], name="usage_by_key"),
            models.Index(fields=["user", "-at"], name="usage_by_user"),
            models.Index(fields=["team", "model", "-at"], name="usage_by_model"),
            models.Index(fields=["team", "route", "-at"], name="usage_by_route"),
            models.Index(fields=["team", "node", "-at"], name="usage_by_node"),
            models.Index(fields=["team", "served_by", "-at"], name="usage_by_server"),
            models.Index(fields=["team", "endpoint", "-at"], name="usage_by_endpoint"),
            models.Index(fields=["team", "deployment_id", "-at"], name="usage_by_deployment"),
            models.Index(
                fields=["team", "error", "-at"], condition=~Q(error=""), name="usage_by_error"
            ),
            models.Index(fields=["team", "-at"], condition=FAILED, name="usage_failed"),
            models.Index(fields=["team", "-at"], condition=SLOW, name="usage_slow"),
            models.Index(fields=["team", "-at"], condition=FELL_BACK, name="usage_fell_back"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class UsageSums(models.Model):
    """What requests of one kind came to in some time. Written with their rows, in one transaction.

    The id is a hash of the time and the columns down to `logged`. A request whose key keeps no log
    has no row anywhere else (`logged` is False). Milliseconds and `stream_tokens` are sums over
    what did not fail; `model` is empty where the client asked for one that does not exist.
    """

    id = models.UUIDField(primary_key=True)
    team_id = models.BigIntegerField()
    key_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    model = models.CharField(max_length=200)
    route = models.CharField(max_length=100)
    deployment_id = models.BigIntegerField(null=True)
    upstream_id = models.BigIntegerField(null=True)
    node = models.CharField(max_length=100)
    served_by = models.CharField(max_length=200)
    endpoint = models.CharField(max_length=40)
    status = models.PositiveSmallIntegerField()
    logged = models.BooleanField()
    requests = models.BigIntegerField()
    failed = models.BigIntegerField()
    estimated = models.BigIntegerField()
    fell_back = models.BigIntegerField()
    capped = models.BigIntegerField()
    prompt_tokens = models.BigIntegerField()
    completion_tokens = models.BigIntegerField()
    cached_tokens = models.BigIntegerField()
    queue_ms = models.FloatField()
    connect_ms = models.FloatField()
    first_byte_ms = models.FloatField()
    total_ms = models.FloatField()
    stream_tokens = models.BigIntegerField()
    stream_ms = models.FloatField()

    class Meta:
        abstract = True


class UsageHour(UsageSums):
    hour = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["team_id", "hour"], name="usage_hour_by_team"),
            models.Index(fields=["key_id", "hour"], name="usage_hour_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h {self.served_by or self.route}: {self.requests}"


class UsageDay(UsageSums):
    """Days are UTC."""

    day = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["team_id", "day"], name="usage_day_by_team")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.served_by or self.route}: {self.requests}"


class LatencyCounts(models.Model):
    """How many requests took about how long; see `queries.latency` for the buckets.

    The id is a hash of the time and the columns down to `bucket`. What failed is left out.
    """

    id = models.UUIDField(primary_key=True)
    team_id = models.BigIntegerField()
    model = models.CharField(max_length=200)
    route = models.CharField(max_length=100)
    deployment_id = models.BigIntegerField(null=True)
    node = models.CharField(max_length=100)
    served_by = models.CharField(max_length=200)
    logged = models.BooleanField()
    bucket = models.SmallIntegerField()
    first_byte = models.BigIntegerField()
    total = models.BigIntegerField()

    class Meta:
        abstract = True


class UsageLatency(LatencyCounts):
    hour = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["team_id", "hour"], name="usage_latency_by_team")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h {self.served_by} {self.bucket}"


class UsageDayLatency(LatencyCounts):
    day = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["team_id", "day"], name="usage_day_latency_by_team")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.served_by} {self.bucket}"


class UnloggedRequest(models.Model):
    """That a request of a key which keeps no log has been counted, and in which hour."""

    id = models.UUIDField(primary_key=True)
    hour = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)


class RequestBodies(models.Model):
    """The words of a request and its reply, where its key keeps them; encrypted by the gateway.

    Partitioned by day: the primary key is really (id, at), as with the request itself.
    """

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    team_id = models.BigIntegerField()
    sealed_request = models.TextField()
    sealed_reply = models.TextField()
    request_bytes = models.PositiveIntegerField()  # of the whole, though a part may be kept
    reply_bytes = models.PositiveIntegerField()

    def __str__(self) -> str:
        return str(self.id)
