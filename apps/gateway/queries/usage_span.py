"""Whose usage, of which time: and how a span is cut into whole days, whole hours and the rest."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.utils import timezone

from apps.accounts.models import Team, User

FILTERS = (
    "key_id", "user_id", "deployment_id", "model", "route", "node", "served_by", "endpoint",
    "status",
)  # fmt: skip
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_JUST_NOW = timedelta(minutes=1)

Bound = datetime | None


@dataclass(frozen=True)
class UsageSpan:
    """Whose requests of which time. `begin` is included, `end` is not; None: no bound there.
    An end within the last minute means now.

    A request of a key that keeps no log is known by its hour alone, and counts as made at the
    beginning of it. None in a filter: all of them.
    """

    team: Team
    begin: Bound = None
    end: Bound = None
    key_id: int | None = None
    user_id: int | None = None
    deployment_id: int | None = None
    model: str | None = None
    route: str | None = None
    node: str | None = None
    served_by: str | None = None
    endpoint: str | None = None
    status: int | None = None

    def of(self, user: User | None) -> "UsageSpan":
        """The same for one person alone; None: for everybody."""
        return self if user is None else replace(self, user_id=user.pk)


def conditions(span: UsageSpan) -> tuple[str, list[Any]]:
    """What a WHERE says about the team and the filters, and its values."""
    given = [(name, getattr(span, name)) for name in FILTERS]
    chosen = [(name, value) for name, value in given if value is not None]
    where = " AND ".join(["team_id = %s", *(f"{name} = %s" for name, _ in chosen)])
    return where, [span.team.pk, *(value for _, value in chosen)]


def as_kept(span: UsageSpan) -> UsageSpan:
    """The span as it can be answered: without an end where that is now, and with whole hours where
    rows have been dropped."""
    now = timezone.now()
    if span.end is not None and span.end > now - _JUST_NOW:
        span = replace(span, end=None)
    kept_since = now - timedelta(days=settings.REQUEST_DAYS)
    if span.begin is not None and span.begin < kept_since:
        span = replace(span, begin=hour_of(span.begin))
    if span.end is not None and span.end < kept_since:
        span = replace(span, end=hour_of(span.end))
    return span


def whole_hours(span: UsageSpan) -> tuple[Bound, Bound]:
    """The hours that lie wholly in the span."""
    first = last = None
    if span.begin is not None:
        first = up_to_hour(span.begin)
    if span.end is not None:
        last = hour_of(span.end)
        last = last if first is None else max(first, last)
    return first, last


def broken_hours(span: UsageSpan) -> Iterator[tuple[datetime, datetime]]:
    """The pieces of hours at the two ends of the span."""
    first, last = whole_hours(span)
    if span.begin is not None and first is not None and span.begin < first:
        yield span.begin, first if span.end is None else min(first, span.end)
    if span.end is not None and last is not None and last < span.end:
        yield last, span.end


def pieces(
    first: Bound, last: Bound, *, by_hour: bool
) -> Iterator[tuple[Literal["hour", "day"], Bound, Bound]]:
    """The whole days between two whole hours, and the hours before and after them."""
    first_day = None if first is None else hour_of(first + _DAY - _HOUR).replace(hour=0)
    last_day = None if last is None else last.replace(hour=0)
    no_days = first_day is not None and last_day is not None and first_day >= last_day
    if by_hour or no_days:
        yield "hour", first, last
        return
    yield "day", first_day, last_day
    if first != first_day:
        yield "hour", first, first_day
    if last != last_day:
        yield "hour", last_day, last


def hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def up_to_hour(moment: datetime) -> datetime:
    """The moment itself when it is a whole hour, else the next one."""
    hour = hour_of(moment)
    return hour if hour == moment else hour + _HOUR
