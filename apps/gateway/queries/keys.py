from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.accounts.queries import get_role, list_people
from apps.core.errors import Forbidden, NotFound
from apps.core.permissions import ROLE_PERMISSIONS, Permission
from apps.gateway.dataplane.keys import digest
from apps.gateway.models import ApiKey, UsageHour

KeyState = Literal["active", "rotating", "expired", "revoked"]
HOURS_SHOWN = 24


def key_state(key: ApiKey) -> KeyState:
    """`rotating`: the secret before the last rotation still works as well."""
    now = timezone.now()
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    is_overlapping = key.previous_until is not None and key.previous_until > now
    return "rotating" if is_overlapping else "active"


def key_state_reason(key: ApiKey) -> str:
    if key.previous_until is not None and key_state(key) == "rotating":
        return f"Its old secret works until {key.previous_until:%Y-%m-%d %H:%M} UTC."
    return {"revoked": "It was revoked.", "expired": "Its time is over."}.get(key_state(key), "")


def key_state_since(key: ApiKey) -> datetime:
    since = {
        "revoked": key.revoked_at,
        "expired": key.expires_at,
        "rotating": key.rotated_at,
        "active": key.previous_until or key.rotated_at,
    }[key_state(key)]
    return since or key.created_at


def list_keys(
    *, team: Team, owner: User | None = None, search: str = "", revoked: bool | None = None
) -> QuerySet[ApiKey]:
    """The team's keys; with `owner` only that person's. `revoked` None: both kinds."""
    keys = ApiKey.objects.filter(team=team).select_related("owner")
    if owner is not None:
        keys = keys.filter(owner=owner)
    if revoked is not None:
        keys = keys.filter(revoked_at__isnull=not revoked)
    return keys.filter(name__icontains=search) if search else keys


def get_key(*, team: Team, key_id: int, owner: User | None = None) -> ApiKey:
    """Raises NotFound."""
    key = list_keys(team=team, owner=owner).filter(pk=key_id).first()
    if key is None:
        raise NotFound(f"There is no API key {key_id} that you may see.")
    return key


def get_key_by_secret(*, team: Team, secret: str) -> ApiKey:
    """The team's key with this secret, be it revoked, expired or rotated away. Raises NotFound."""
    shown = digest(secret.strip())
    key = list_keys(team=team).filter(Q(digest=shown) | Q(previous_digest=shown)).first()
    if key is None:
        raise NotFound(
            "No key of your team has this secret.",
            fix="Copy all of it, from hk_live_ on; a key of another team is tested there.",
        )
    return key


def get_key_owner(*, team: Team, username: str | None, asked_by: User) -> User:
    """Whom a new key belongs to: who asks for it, unless somebody else of the team is named.

    Raises Forbidden for naming others without the right to manage their keys, NotFound for nobody.
    """
    if username is None or username == asked_by.get_username():
        return asked_by
    if Permission.MANAGE_GATEWAY not in ROLE_PERMISSIONS[get_role(user=asked_by, team=team)]:
        raise Forbidden("Your role may not issue keys for others.", fix="Leave the owner out.")
    membership = list_people(team=team).filter(user__username=username).first()
    if membership is None:
        raise NotFound(f"There is no {username} in {team.name}.")
    return membership.user


def find_live_key(*, digest: str) -> ApiKey | None:
    """The key with this digest that was not revoked, whatever its team."""
    return ApiKey.objects.filter(digest=digest, revoked_at=None).first()


def find_bearer(*, secret: str) -> ApiKey | None:
    """The key that this secret opens now, with its owner and team; None when it opens nothing."""
    now = timezone.now()
    shown = digest(secret)
    return (
        ApiKey.objects.select_related("owner", "team")
        .filter(Q(digest=shown) | Q(previous_digest=shown, previous_until__gt=now))
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .filter(revoked_at=None, owner__is_active=True)
        .first()
    )


def list_live_keys() -> QuerySet[ApiKey]:
    """Every team's keys that were not revoked, for the gateway's table."""
    return ApiKey.objects.filter(revoked_at=None, owner__is_active=True).order_by("pk")


def add_use(*, team: Team, keys: Iterable[ApiKey]) -> None:
    """Give each key `use`, in the shape of KeyUseOut. One statement for all of them."""
    wanted = {key.pk: key for key in keys}
    if not wanted:
        return
    now = timezone.now()
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    midnight = this_hour.replace(hour=0)
    month = midnight.replace(day=1)
    hours = [this_hour - timedelta(hours=back) for back in reversed(range(HOURS_SHOWN))]
    sums: dict[str, Any] = {
        f"hour_{number}": Coalesce(Sum("requests", filter=Q(hour=hour)), 0)
        for number, hour in enumerate(hours)
    }
    rows = (
        UsageHour.objects.filter(team_id=team.pk, key_id__in=wanted, hour__gte=min(month, hours[0]))
        .values("key_id")
        .annotate(
            requests_today=_sum("requests", since=midnight),
            tokens_today=_tokens(since=midnight),
            tokens_this_month=_tokens(since=month),
            **sums,
        )
    )
    row: Any
    for row in rows:
        use = {name: row[name] for name in _TOTALS}
        use["hours"] = [row[f"hour_{number}"] for number in range(HOURS_SHOWN)]
        wanted[row["key_id"]].use = use


_TOTALS = ("requests_today", "tokens_today", "tokens_this_month")


def _sum(column: str, *, since: datetime) -> Coalesce:
    return Coalesce(Sum(column, filter=Q(hour__gte=since)), 0)


def _tokens(*, since: datetime) -> Any:
    return _sum("prompt_tokens", since=since) + _sum("completion_tokens", since=since)
