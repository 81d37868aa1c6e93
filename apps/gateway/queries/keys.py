from django.db.models import QuerySet

from apps.accounts.models import Team, User
from apps.core.errors import NotFound
from apps.gateway.models import ApiKey


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


def find_live_key(*, digest: str) -> ApiKey | None:
    """The key with this digest that was not revoked, whatever its team."""
    return ApiKey.objects.filter(digest=digest, revoked_at=None).first()


def list_live_keys() -> QuerySet[ApiKey]:
    """Every team's keys that were not revoked, for the gateway's table."""
    return ApiKey.objects.filter(revoked_at=None, owner__is_active=True).order_by("pk")
