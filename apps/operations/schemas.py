"""Operations as they look over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Field, Schema

from apps.core.schemas import LimitsIn, StatefulOut
from apps.operations.models import Operation


class OperationOut(StatefulOut):
    id: UUID
    name: str
    kind: str
    subject_type: str
    subject_id: str
    subject_name: str
    params: dict[str, Any]
    requested_by: str | None = None
    progress: float | None = None
    progress_text: str
    error: str
    fix: str
    attempt: int
    lost_workers: int
    cancel_requested_at: datetime | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    last_sequence: int

    @staticmethod
    def resolve_name(operation: Operation) -> str:
        """In plain words: "Deploy model opsling"."""
        verb = operation.kind.rpartition(".")[2].replace("_", " ").capitalize()
        return f"{verb} {operation.subject_name}".rstrip()

    @staticmethod
    def resolve_requested_by(operation: Operation) -> str | None:
        return operation.requested_by.username if operation.requested_by else None


class StepOut(Schema):
    position: int
    name: str
    title: str
    state: str
    detail: str
    result: dict[str, Any]
    attempt: int
    started_at: datetime | None = None
    finished_at: datetime | None = None


class StepsOut(Schema):
    items: list[StepOut]


class LogLineOut(Schema):
    sequence: int
    at: datetime
    step: str
    level: str
    text: str


class LogOut(Schema):
    """`last_sequence` is the number to ask after next; the operation's own says how far it is."""

    items: list[LogLineOut]
    last_sequence: int


class OperationFilterIn(LimitsIn):
    state: str | None = None
    kind: str | None = None
    subject_type: str | None = None
    subject_id: str | None = None


class LogFilterIn(Schema):
    after: int = Field(0, ge=0)
    limit: int = Field(1_000, ge=1, le=5_000)
    level: str | None = None
    text: str = ""


class TimelineIn(Schema):
    """`subject` is `type:id`, as in `deployment:7`."""

    subject: str | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: datetime | None = None


class TimelineItemOut(Schema):
    """One thing that happened. `source` says where it was written down."""

    at: datetime
    source: str
    subject: str
    subject_id: str
    title: str
    text: str = ""
    actor: str = ""
    link: str = ""


class TimelineOut(Schema):
    items: list[TimelineItemOut]
    next_cursor: datetime | None = None
