import ipaddress
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, Field

from apps.core.permissions import Permission
from apps.core.schemas import AllowedActionOut, LimitsIn
from apps.gateway.dataplane.snapshot import AwayPolicy, Privacy
from apps.gateway.models import ApiKey
from apps.gateway.queries import KeyState, key_state, key_state_reason, key_state_since
from apps.gateway.schemas.fields import Name, allowed_action
from apps.gateway.schemas.limits import LimitsBody, LimitUseOut

Scope = Literal["infer", "manage", "metrics"]


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        raise ValueError(f"{text!r} is no network such as 10.0.0.0/8 or 192.168.1.7") from None


def _without_repeats(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes))


Networks = Annotated[list[Annotated[str, AfterValidator(_network)]], Field(max_length=100)]
Scopes = Annotated[list[Scope], Field(min_length=1), AfterValidator(_without_repeats)]
Models = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=200)]
OutputTokens = Annotated[int, Field(ge=1, le=2_000_000_000)]


class ListKeysIn(LimitsIn):
    search: str = ""
    revoked: bool | None = None


class IssueKeyIn(Schema):
    """`models` left out: all of the team's. `owner` is a username; others' keys need the right to
    manage the gateway. `when_redis_away` left out: refuse with token budgets, else serve."""

    name: str = Name
    models: Models | None = None
    denied_models: Models = []
    expires_at: AwareDatetime | None = None
    limits: LimitsBody | None = None
    scopes: Scopes = ["infer"]
    networks: Networks = []
    privacy: Privacy = "metadata"
    max_output_tokens: OutputTokens | None = None
    when_redis_away: AwayPolicy | None = None
    owner: str | None = None


class ChangeKeyIn(Schema):
    """Only what is sent is changed; `limits` as a whole."""

    name: str = Field("", min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    models: Models | None = None
    denied_models: Models = []
    expires_at: AwareDatetime | None = None
    limits: LimitsBody | None = None
    scopes: Scopes = ["infer"]
    networks: Networks = []
    privacy: Privacy = "metadata"
    max_output_tokens: OutputTokens | None = None
    when_redis_away: AwayPolicy | None = None


class RotateKeyIn(Schema):
    """How long the old secret goes on working; 0 ends it at once."""

    overlap_hours: float = Field(24, ge=0, le=168, allow_inf_nan=False)


class TestSecretIn(Schema):
    secret: str = Field(min_length=1, max_length=200)


class KeyUseOut(Schema):
    """What a key was used for. `hours`: requests per hour, the last 24, oldest first."""

    requests_today: int = 0
    tokens_today: int = 0
    tokens_this_month: int = 0
    hours: list[int] = [0] * 24


class KeyOut(Schema):
    id: int
    name: str
    prefix: str
    owner: str
    models: list[str] | None
    denied_models: list[str]
    limits: LimitsBody
    scopes: list[Scope]
    networks: list[str]
    privacy: Privacy
    max_output_tokens: int | None
    when_redis_away: AwayPolicy | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    rotated_at: datetime | None
    previous_until: datetime | None
    last_used_at: datetime | None
    use: KeyUseOut
    state: KeyState
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
    def resolve_when_redis_away(key: ApiKey) -> str | None:
        return key.when_redis_away or None

    @staticmethod
    def resolve_previous_until(key: ApiKey) -> datetime | None:
        return key.previous_until if key_state(key) == "rotating" else None

    @staticmethod
    def resolve_use(key: ApiKey) -> Any:
        return getattr(key, "use", None) or {}

    @staticmethod
    def resolve_state(key: ApiKey) -> KeyState:
        return key_state(key)

    @staticmethod
    def resolve_state_reason(key: ApiKey) -> str:
        return key_state_reason(key)

    @staticmethod
    def resolve_state_since(key: ApiKey) -> datetime:
        return key_state_since(key)

    @staticmethod
    def resolve_allowed_actions(key: ApiKey, context: Any) -> list[dict[str, Any]]:
        revoked = "" if key.revoked_at is None else "It is already revoked."
        return [
            allowed_action(context, action, Permission.USE_OWN_KEYS, revoked)
            for action in ("revoke_key", "change_key", "rotate_key")
        ]


class IssuedKeyOut(KeyOut):
    """The only answer that carries the secret."""

    secret: str


class ReachedModelOut(Schema):
    """A name in `/v1/models`. `reason` says why the key may not use it, or why nothing answers."""

    name: str
    alias_of: str | None
    allowed: bool
    answers: bool
    leaves_house: bool
    reason: str


class RefusalOut(Schema):
    """The last request of the key that the gateway itself turned away. It is in the request log
    under `request_id`, if the key keeps one."""

    at: datetime
    request_id: UUID | None
    model: str
    status: int
    code: str
    reason: str


class KeyReportOut(Schema):
    """What a key can do now. `secret` says which of its secrets was shown: the current one or the
    one before the last rotation; None where the key was asked for by its id."""

    key: KeyOut
    secret: Literal["current", "previous"] | None
    works: bool
    sentence: str
    limits: list[LimitUseOut]
    models: list[ReachedModelOut]
    last_refusal: RefusalOut | None


class TicketOut(Schema):
    ticket: str
    expires_at: datetime
