"""Requests by month, the words that keys may keep by day, and what an hour came to."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


def partition_requests(apps, schema_editor):
    _partition(schema_editor, "gateway_usagerecord")


def partition_bodies(apps, schema_editor):
    _partition(schema_editor, "gateway_requestbodies")


def _partition(schema_editor, table):
    """All rows begin in the default partition; the worker moves them to their months."""
    schema_editor.execute(f"ALTER TABLE {table} RENAME TO {table}_whole")
    schema_editor.execute(
        f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING CONSTRAINTS) PARTITION BY RANGE (at)"
    )
    schema_editor.execute(f"CREATE TABLE {table}_other PARTITION OF {table} DEFAULT")
    schema_editor.execute(f"INSERT INTO {table} SELECT * FROM {table}_whole")
    schema_editor.execute(f"DROP TABLE {table}_whole")
    schema_editor.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (id, at)")


def unite_requests(apps, schema_editor):
    table = "gateway_usagerecord"
    schema_editor.execute(f"CREATE TABLE {table}_whole (LIKE {table} INCLUDING CONSTRAINTS)")
    schema_editor.execute(f"INSERT INTO {table}_whole SELECT * FROM {table}")
    schema_editor.execute(f"DROP TABLE {table}")
    schema_editor.execute(f"ALTER TABLE {table}_whole RENAME TO {table}")
    schema_editor.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (id)")


def holder(to):
    return models.ForeignKey(
        to=to,
        null=to != "accounts.team",
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
    )


USAGE_INDEXES = [
    models.Index(fields=["team", "-at"], name="usage_by_team"),
    models.Index(fields=["key", "-at"], name="usage_by_key"),
    models.Index(fields=["user", "-at"], name="usage_by_user"),
    models.Index(fields=["team", "model", "-at"], name="usage_by_model"),
    models.Index(fields=["team", "route", "-at"], name="usage_by_route"),
    models.Index(fields=["team", "node", "-at"], name="usage_by_node"),
    models.Index(fields=["team", "error", "-at"], condition=~Q(error=""), name="usage_by_error"),
    models.Index(
        fields=["team", "-at"], condition=Q(status__gte=400) | ~Q(error=""), name="usage_failed"
    ),
    models.Index(fields=["team", "-at"], condition=Q(first_byte_ms__gte=5000), name="usage_slow"),
    models.Index(fields=["team", "-at"], condition=~Q(fallback_reason=""), name="usage_fell_back"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0002_limits_routes_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex("usagerecord", "usage_by_team"),
        migrations.RemoveIndex("usagerecord", "usage_by_key"),
        migrations.AlterField("usagerecord", "team", holder("accounts.team")),
        migrations.AlterField("usagerecord", "key", holder("gateway.apikey")),
        migrations.AlterField("usagerecord", "user", holder(settings.AUTH_USER_MODEL)),
        migrations.AddField(
            "usagerecord", "address", models.CharField(blank=True, default="", max_length=60)
        ),
        migrations.AddField("usagerecord", "capped_to", models.PositiveIntegerField(null=True)),
        migrations.AddField(
            "usagerecord",
            "fallback_reason",
            models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AddField(
            "usagerecord", "queue_position", models.PositiveIntegerField(null=True)
        ),
        migrations.AddField("usagerecord", "trace", models.JSONField(blank=True, default=list)),
        migrations.RunPython(partition_requests, unite_requests),
        *[migrations.AddIndex("usagerecord", index) for index in USAGE_INDEXES],
        migrations.CreateModel(
            name="RequestBodies",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("team_id", models.BigIntegerField()),
                ("sealed_request", models.TextField()),
                ("sealed_reply", models.TextField()),
                ("request_bytes", models.PositiveIntegerField()),
                ("reply_bytes", models.PositiveIntegerField()),
            ],
        ),
        migrations.RunPython(partition_bodies, migrations.RunPython.noop),
        migrations.CreateModel(
            name="UnloggedRequest",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("hour", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="UsageHour",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("team_id", models.BigIntegerField()),
                ("hour", models.DateTimeField()),
                ("key_id", models.BigIntegerField(null=True)),
                ("user_id", models.BigIntegerField(null=True)),
                ("model", models.CharField(max_length=200)),
                ("route", models.CharField(max_length=100)),
                ("deployment_id", models.BigIntegerField(null=True)),
                ("upstream_id", models.BigIntegerField(null=True)),
                ("node", models.CharField(max_length=100)),
                ("served_by", models.CharField(max_length=200)),
                ("endpoint", models.CharField(max_length=40)),
                ("status", models.PositiveSmallIntegerField()),
                ("logged", models.BooleanField()),
                ("requests", models.BigIntegerField()),
                ("failed", models.BigIntegerField()),
                ("estimated", models.BigIntegerField()),
                ("fell_back", models.BigIntegerField()),
                ("capped", models.BigIntegerField()),
                ("prompt_tokens", models.BigIntegerField()),
                ("completion_tokens", models.BigIntegerField()),
                ("cached_tokens", models.BigIntegerField()),
                ("queue_ms", models.FloatField()),
                ("connect_ms", models.FloatField()),
                ("first_byte_ms", models.FloatField()),
                ("total_ms", models.FloatField()),
                ("stream_tokens", models.BigIntegerField()),
                ("stream_ms", models.FloatField()),
            ],
            options={
                "indexes": [models.Index(fields=["team_id", "hour"], name="usage_hour_by_team")]
            },
        ),
        migrations.CreateModel(
            name="UsageLatency",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("team_id", models.BigIntegerField()),
                ("hour", models.DateTimeField()),
                ("model", models.CharField(max_length=200)),
                ("route", models.CharField(max_length=100)),
                ("deployment_id", models.BigIntegerField(null=True)),
                ("node", models.CharField(max_length=100)),
                ("served_by", models.CharField(max_length=200)),
                ("logged", models.BooleanField()),
                ("bucket", models.SmallIntegerField()),
                ("first_byte", models.BigIntegerField()),
                ("total", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["team_id", "hour"], name="usage_latency_by_team")]
            },
        ),
    ]
