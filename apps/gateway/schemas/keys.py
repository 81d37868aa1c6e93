from datetime import datetime
from typing import Any, Literal

from django.utils import timezone
from ninja import Schema
from pydantic import Field, field_validator

from apps.core.permissions import Permission
from apps.core.schemas import AllowedActionOut, LimitsIn
from apps.gateway.models import ApiKey
from apps.gateway.schemas.fields import Name, allowed_action


class ListKeysIn(LimitsIn):
    search: str = ""
    revoked: bool | None = None


class IssueKeyIn(Schema):
    name: str = Name
    models: list[str] | None = Field(None, max_length=200)  # leave out for all of the team's
    expires_at: datetime | None = None
    limits: dict[str, int] | None = None

    @field_validator("limits")
    @classmethod
    def promise_nothing(cls, limits: dict[str, int] | None) -> None:
        """A limit that is taken and not kept would be worse than none."""
        if limits:
            raise ValueError("Keys carry no limits; leave `limits` out")


class KeyOut(Schema):
    id: int
    name: str
    prefix: str
    owner: str
    models: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    state: Literal["active", "expired", "revoked"]
    state_reason: str
    state_since: datetime
    allowed_actions: list[AllowedActionOut]

    @staticmethod
    def resolve_owner(key: ApiKey) -> str:
        return key.owner.get_username()

    @staticmethod
    def resolve_models(key: ApiKey) -> list[str] | None:
        models: list[str] | None = key.allowed_models
        return models

    @staticmethod
    def resolve_state(key: ApiKey) -> str:
        if key.revoked_at is not None:
            return "revoked"
        return "expired" if key.expires_at and key.expires_at <= timezone.now() else "active"

    @staticmethod
    def resolve_state_reason(key: ApiKey) -> str:
        return {
            "active": "",
            "expired": "Its time is over.",
            "revoked": "It was revoked.",
        }[KeyOut.resolve_state(key)]

    @staticmethod
    def resolve_state_since(key: ApiKey) -> datetime:
        if key.revoked_at is not None:
            return key.revoked_at
        expired = key.expires_at is not None and key.expires_at <= timezone.now()
        return key.expires_at if expired and key.expires_at is not None else key.created_at

    @staticmethod
    def resolve_allowed_actions(key: ApiKey, context: Any) -> list[dict[str, Any]]:
        revoked = "" if key.revoked_at is None else "It is already revoked."
        return [allowed_action(context, "revoke_key", Permission.USE_OWN_KEYS, revoked)]


class IssuedKeyOut(KeyOut):
    """The only answer that carries the secret."""

    secret: str


class TicketOut(Schema):
    ticket: str
    expires_at: datetime
