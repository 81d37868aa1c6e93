"""What the gateway's schemas share."""

from typing import Any

from pydantic import Field

from apps.core.permissions import Permission

Name = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
ModelName = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/-]*$")


def allowed_action(
    context: Any, name: str, permission: Permission, otherwise: str = ""
) -> dict[str, Any]:
    """One entry of `allowed_actions` for the caller; `otherwise` says why the row forbids it."""
    may = context["request"].caller.may(permission)
    reason = otherwise or ("" if may else f"Your role may not: {permission.label}.")
    return {"action": name, "allowed": not reason, "reason": reason or None}
