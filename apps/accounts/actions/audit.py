"""Writing the audit log: one row at a time, each sealed with the hash of the one before."""

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import AuditEntry
from apps.accounts.queries import FIRST_AUDIT_HASH, hash_audit_entry
from apps.core.events import publish

_AUDIT_LOCK = 7_215_001  # any number that nothing else locks


@transaction.atomic
def record_audit_entry(**columns: Any) -> AuditEntry:
    """`columns` are those of AuditEntry but for `at` and the hashes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_AUDIT_LOCK])
    last = AuditEntry.objects.order_by("-pk").values_list("hash", flat=True).first()
    entry = AuditEntry(**columns, at=timezone.now(), previous_hash=last or FIRST_AUDIT_HASH)
    entry.hash = hash_audit_entry(entry)
    entry.save(force_insert=True)
    publish(
        subject="audit", subject_id=str(entry.pk), change="created", team_id=columns.get("team_id")
    )
    return entry
