"""API keys at the door of the REST API."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_network

from django.db.models import Q
from django.utils import timezone

from apps.accounts.auth import KeyUse
from apps.core.errors import Forbidden
from apps.gateway import queries
from apps.gateway.dataplane.keys import place_of
from apps.gateway.models import ApiKey

_USE_RESOLUTION = timedelta(minutes=1)


def open_key(secret: str, address: str) -> KeyUse | None:
    """What the key with this secret may be used for; None when it opens nothing.

    Raises Forbidden when the key may not be used from there.
    """
    key = queries.find_bearer(secret=secret)
    if key is None:
        return None
    if key.networks and not _is_inside(address, key.networks):
        raise Forbidden(
            f"This API key may not be used from {address or 'an address that is not known'}.",
            fix="The networks it may be used from are on the Keys page.",
        )
    _note_use(key)
    return KeyUse(key.owner, key.team, frozenset(key.scopes))


def _is_inside(address: str, networks: Sequence[str]) -> bool:
    place = place_of(address)
    return place is not None and any(place in ip_network(network) for network in networks)


def _note_use(key: ApiKey) -> None:
    """To the minute: a busy script must not write on every call."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_RESOLUTION)
    if key.last_used_at is None or now - key.last_used_at > _USE_RESOLUTION:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
