"""Shapes that every resource shares over HTTP."""

from datetime import datetime
from typing import Any, Generic, TypeVar

from ninja import Schema

from apps.core.models import StatefulModel
from apps.core.transitions import why_not

Item = TypeVar("Item")


class Page(Schema, Generic[Item]):
    items: list[Item]
    next_cursor: str | None = None


class ProblemOut(Schema):
    """An RFC 9457 problem; `fix` says what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    fix: str = ""
    request_id: str = ""


class AllowedActionOut(Schema):
    action: str
    allowed: bool
    reason: str | None = None


class StatefulOut(Schema):
    state: str
    state_reason: str
    state_since: datetime
    state_deadline: datetime | None = None
    allowed_actions: list[AllowedActionOut] = []

    @staticmethod
    def resolve_allowed_actions(row: StatefulModel, context: Any) -> list[dict[str, Any]]:
        """Every action of the row's table, as the caller of this request may use it now."""
        permissions = context["request"].caller.permissions
        return [
            {"action": action, "allowed": reason is None, "reason": reason}
            for action in row.ACTIONS
            for reason in [why_not(row, action, permissions)]
        ]


class LimitsIn(Schema):
    """Query parameters of every list."""

    limit: int = 50
    cursor: str | None = None


class WhyEvidenceOut(Schema):
    """One thing that was seen; `link` is a path of the console."""

    at: datetime | None = None
    text: str
    link: str = ""


class WhyNextOut(Schema):
    """What happens by itself from here, and when, if that is known."""

    text: str
    at: datetime | None = None


class WhyFixOut(Schema):
    """A way out. It is carried out by the ordinary endpoint of `action`."""

    action: str
    label: str
    effect: str
    allowed: bool
    reason: str | None = None


class WhyOut(Schema):
    """Why something is as it is, and what can be done."""

    cause: str
    evidence: list[WhyEvidenceOut] = []
    next: WhyNextOut | None = None
    fixes: list[WhyFixOut] = []
