from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from apps.core.schemas import LimitsIn
from apps.gateway.models import LimitNotice
from apps.gateway.queries import notice_text

_Amount = Field(None, ge=1, le=10**15)
Level = Literal["key", "user", "team"]
Window = Literal[
    "requests_per_minute", "tokens_per_minute", "parallel", "tokens_per_day", "tokens_per_month"
]


class LimitsBody(Schema):
    """What may be used. None, or left out: no limit of that kind. Days and months are UTC's."""

    model_config = ConfigDict(extra="forbid")

    requests_per_minute: int | None = _Amount
    tokens_per_minute: int | None = _Amount
    parallel: int | None = _Amount
    tokens_per_day: int | None = _Amount
    tokens_per_month: int | None = _Amount

    def given(self) -> dict[str, int]:
        """As it is stored: only the limits there are."""
        return self.dict(exclude_none=True)


class SetLimitsIn(Schema):
    """The whole of a holder's limits; `{}` takes them all away."""

    limits: LimitsBody


class LimitUseOut(Schema):
    """One limit and how far it is used. `reserved` is what running requests hold besides `used`.

    `resets_at` is None for what frees itself as requests end. `known` is False while the counters
    cannot be read: days and months are then those of the request log, with nothing reserved.
    """

    level: Level
    holder: str
    window: Window
    limit: int
    used: int
    reserved: int
    remaining: int
    percent: float
    resets_at: datetime | None
    known: bool


class HolderLimitsOut(Schema):
    """The limits that a team's keys share, or those of one of its people."""

    level: Literal["user", "team"]
    id: int
    name: str
    limits: LimitsBody
    changed_at: datetime | None
    use: list[LimitUseOut]


class HoldersOut(Schema):
    """The team first, then its people by name; people without limits of their own are there too."""

    items: list[HolderLimitsOut]


class ListNoticesIn(LimitsIn):
    level: Level | None = None
    holder_id: int | None = None


class NoticeOut(Schema):
    """A limit was used up to 80 or 100 percent; said once per window."""

    id: int
    at: datetime
    level: Level
    holder_id: int
    holder: str
    window: Window
    percent: int
    limit: int | None
    period: str
    text: str

    @staticmethod
    def resolve_at(notice: LimitNotice) -> datetime:
        return notice.created_at

    @staticmethod
    def resolve_text(notice: LimitNotice) -> str:
        return notice_text(notice)
