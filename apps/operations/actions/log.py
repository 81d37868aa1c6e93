"""Writing log lines whose numbers have no gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from apps.core.events import publish
from apps.operations.models import Operation, OperationLogLine

TEXT_LIMIT = 8_000  # characters; a longer line is cut, with a mark


@dataclass(frozen=True)
class LogLine:
    """A line before it has its number."""

    text: str
    at: datetime
    step: str = ""
    level: str = "info"


def write_lines(*, locked: Operation, lines: Sequence[LogLine]) -> None:
    """Number the lines and store them. The caller holds the operation's row lock."""
    first = locked.last_sequence + 1
    OperationLogLine.objects.bulk_create(
        OperationLogLine(
            operation_id=locked.pk,
            sequence=sequence,
            at=line.at,
            step=line.step,
            level=line.level,
            text=_storable(line.text),
        )
        for sequence, line in enumerate(lines, start=first)
    )
    locked.last_sequence += len(lines)
    locked.save(update_fields=["last_sequence", "updated_at"])
    publish_update(locked)


def write_note(*, locked: Operation, text: str, level: str = "info") -> None:
    """One line from Hearth itself. The caller holds the operation's row lock."""
    write_lines(locked=locked, lines=[LogLine(text=text, at=timezone.now(), level=level)])


def drop_old_logs() -> int:
    """Delete the lines of operations that ended long ago; how many lines went."""
    before = timezone.now() - timedelta(days=settings.OPERATION_LOG_DAYS)
    old = Operation.objects.filter(finished_at__lt=before, lines__isnull=False).distinct()
    gone = 0
    for operation in old.iterator(chunk_size=100):
        gone += operation.lines.all().delete()[0]
    return gone


def publish_update(operation: Operation) -> None:
    publish(
        subject=operation.SUBJECT,
        subject_id=str(operation.pk),
        change="updated",
        team_id=operation.team_id,
    )


def _storable(text: str) -> str:
    text = text.replace("\x00", "")  # Postgres has no such character
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]} … [cut]"
