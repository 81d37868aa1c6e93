"""People, teams, tokens and the audit log as they look over HTTP."""

from datetime import datetime
from typing import Literal

from ninja import Field, Schema

from apps.accounts.models import Membership, SignIn
from apps.core.permissions import ROLE_PERMISSIONS
from apps.core.schemas import LimitsIn

RoleName = Literal["viewer", "operator", "deployer", "auditor", "admin"]


class SignInIn(Schema):
    username: str = Field(max_length=150)
    password: str = Field(max_length=1_000)


class TeamOut(Schema):
    id: int
    name: str
    slug: str
    created_at: datetime


class TeamMembershipOut(Schema):
    """A team the caller belongs to."""

    id: int
    name: str
    slug: str
    role: str
    created_at: datetime

    @staticmethod
    def resolve_id(row: Membership) -> int:
        return row.team_id

    @staticmethod
    def resolve_name(row: Membership) -> str:
        return row.team.name

    @staticmethod
    def resolve_slug(row: Membership) -> str:
        return row.team.slug

    @staticmethod
    def resolve_created_at(row: Membership) -> datetime:
        return row.team.created_at


class TeamIn(Schema):
    name: str = Field(min_length=1, max_length=100)
    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")


class UserOut(Schema):
    """A signed-in person about themself."""

    id: int
    username: str
    first_name: str
    last_name: str
    email: str
    language: str
    theme: str


class SessionOut(Schema):
    """Who is signed in, for which team, and what that allows."""

    user: UserOut
    team: TeamOut
    role: str
    permissions: list[str]
    via: str


class ProfileIn(Schema):
    language: Literal["", "en", "de"] | None = None
    theme: Literal["auto", "light", "dark"] | None = None
    first_name: str | None = Field(None, max_length=150)
    last_name: str | None = Field(None, max_length=150)
    email: str | None = Field(None, max_length=254)


class PasswordIn(Schema):
    current: str = Field(max_length=1_000)
    new: str = Field(max_length=1_000)


class TokenIn(Schema):
    name: str = Field(min_length=1, max_length=100)
    expires_at: datetime | None = None


class TokenOut(Schema):
    id: int
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


class NewTokenOut(TokenOut):
    """`secret` is shown this once."""

    secret: str


class BrowserOut(Schema):
    """A browser in which the caller is signed in."""

    id: int
    address: str
    agent: str
    created_at: datetime
    is_current: bool

    @staticmethod
    def resolve_is_current(row: SignIn, context: dict[str, object]) -> bool:
        session = getattr(context["request"], "session", None)
        return session is not None and session.session_key == row.session_key


class PersonIn(Schema):
    username: str = Field(min_length=1, max_length=150, pattern=r"^[\w.@+-]+$")
    password: str = Field(max_length=1_000)
    role: RoleName = "viewer"


class PersonChangeIn(Schema):
    role: RoleName | None = None
    is_active: bool | None = None


class PersonOut(Schema):
    """A member of the caller's team."""

    id: int
    name: str
    role: str
    permissions: list[str]
    is_active: bool
    created_at: datetime
    last_login: datetime | None = None

    @staticmethod
    def resolve_id(row: Membership) -> int:
        return row.user_id

    @staticmethod
    def resolve_name(row: Membership) -> str:
        return row.user.username

    @staticmethod
    def resolve_permissions(row: Membership) -> list[str]:
        return sorted(ROLE_PERMISSIONS[row.role])

    @staticmethod
    def resolve_is_active(row: Membership) -> bool:
        return row.user.is_active

    @staticmethod
    def resolve_last_login(row: Membership) -> datetime | None:
        return row.user.last_login


class AuditFilterIn(LimitsIn):
    actor_name: str | None = None
    action: str | None = None
    subject: str | None = None
    subject_id: str | None = None
    result: Literal["done", "refused", "failed"] | None = None


class AuditEntryOut(Schema):
    id: int
    at: datetime
    actor_name: str
    via: str
    action: str
    subject: str
    subject_id: str
    subject_name: str
    result: str
    status: int
    address: str
    request_id: str
    hash: str


class AuditCheckOut(Schema):
    """Whether the chain of hashes is whole; `broken_at` is the first entry that does not fit."""

    whole: bool
    broken_at: int | None = None
