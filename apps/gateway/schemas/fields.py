"""What the gateway's schemas share."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from apps.core.permissions import Permission

Name = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
ModelName = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/-]*$")


def _with_time_zone(moment: datetime) -> datetime:
    """A moment without a zone would mean something else on every machine."""
    if moment.tzinfo is None:
        raise ValueError("Give `from` and `to` with a time zone, like 2026-01-31T00:00:00Z")
    if not 1 < moment.year < 9999:  # the same moment in UTC may be one that cannot be written
        raise ValueError("Give `from` and `to` of this age")
    return moment


Moment = Annotated[datetime, AfterValidator(_with_time_zone)]


def allowed_action(
    context: Any, name: str, permission: Permission, otherwise: str = ""
) -> dict[str, Any]:
    """One entry of `allowed_actions` for the caller; `otherwise` says why the row forbids it."""
    may = context["request"].caller.may(permission)
    reason = otherwise or ("" if may else f"Your role may not: {permission.label}.")
    return {"action": name, "allowed": not reason, "reason": reason or None}
