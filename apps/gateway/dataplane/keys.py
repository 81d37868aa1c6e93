"""Who is calling, from where, and what they may call. Pure; everything is in memory."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import msgspec

from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.limits.holders import Holder
from apps.gateway.dataplane.snapshot import AwayPolicy, Privacy

KEY_PREFIX = "hk_live_"
TICKET_PREFIX = "hs_"

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may send requests: an API key, or a person signed in to the console."""

    team_id: int
    key_id: int | None = None
    user_id: int | None = None
    models: frozenset[str] | None = None  # None: every model the team can see
    expires_at: float | None = None  # unix seconds
    name: str = ""
    denied_models: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset({"infer"})
    networks: tuple[Network, ...] | None = None  # None: from everywhere
    holders: tuple[Holder, ...] = ()  # whose limits its requests count for
    max_output_tokens: int | None = None
    when_redis_away: AwayPolicy | None = None
    privacy: Privacy = "metadata"

    def may_use(self, name: str, route: str = "") -> bool:
        """Whether requests for `name` may go to the route that is really called `route`, where
        `name` is an alias: an alias is no way around what is denied."""
        if self.denied_models and (name in self.denied_models or route in self.denied_models):
            return False
        return self.models is None or name in self.models or route in self.models


class Ticket(msgspec.Struct, frozen=True):
    """What a console ticket says; short names because it travels in a header."""

    u: int  # user
    t: int  # team
    e: float  # unix seconds when it ends


def digest(secret: str) -> str:
    """What is stored of a key. Keys carry 160 random bits, so one plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def authorise(
    headers: Iterable[tuple[bytes, bytes]],
    keys: Mapping[str, Caller],
    ticket_secret: bytes,
    now: float,
) -> Caller:
    """Raises GatewayError 401 with the reason when nobody we know is calling."""
    secret = _bearer(headers)
    if secret.startswith(TICKET_PREFIX):
        return read_ticket(ticket_secret, secret, now)
    caller = keys.get(digest(secret))
    if caller is None:
        raise GatewayError(
            401,
            "invalid_api_key",
            f"The API key {_shown(secret)} is not known here, or it was revoked. "
            "Issue a new one on the Keys page.",
        )
    if caller.expires_at is not None and caller.expires_at <= now:
        raise GatewayError(
            401, "expired_api_key", "This API key has expired. Issue a new one on the Keys page."
        )
    return caller


def check_access(caller: Caller, address: str, *, scope: str) -> None:
    """Raises GatewayError 403 when the key is not for this, or not from there."""
    if scope not in caller.scopes:
        has = ", ".join(sorted(caller.scopes)) or "none"
        raise GatewayError(
            403,
            "scope_missing",
            f"This API key lacks the scope {scope!r}, which requests to models need; it has: "
            f"{has}. Give it the scope on the Keys page, or use another key.",
        )
    if caller.networks is None:
        return
    place = place_of(address)
    if place is not None:
        for network in caller.networks:
            if place in network:
                return
    shown = address or "an address that is not known"
    raise GatewayError(
        403,
        "address_not_allowed",
        f"This API key may not be used from {shown}. The networks it may be used from are "
        "on the Keys page.",
    )


@lru_cache(maxsize=4096)
def place_of(address: str) -> IPv4Address | IPv6Address | None:
    """An address as networks are compared with it; None for what is none."""
    try:
        place = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = place.ipv4_mapped if isinstance(place, IPv6Address) else None
    return mapped or place


def _bearer(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The secret in `Authorization: Bearer …` or `x-api-key`."""
    other = b""
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].strip().decode("latin-1")
        if name == b"x-api-key":
            other = value
    if not other:
        raise GatewayError(
            401,
            "missing_api_key",
            "No API key was sent. Send it as `Authorization: Bearer hk_live_…`.",
        )
    return other.strip().decode("latin-1")


def _shown(secret: str) -> str:
    if not secret.startswith(KEY_PREFIX):
        return "that was sent"
    return secret[: len(KEY_PREFIX) + 4] + "…"


def derive_ticket_secret(secret_key: str) -> bytes:
    """What tickets are signed with, from the installation's secret."""
    return hashlib.sha256(b"hearth gateway ticket\0" + secret_key.encode()).digest()


def make_ticket(secret: bytes, *, user_id: int, team_id: int, expires_at: float) -> str:
    """A bearer secret for the console's own requests, valid until `expires_at` (unix seconds)."""
    payload = msgspec.json.encode(Ticket(u=user_id, t=team_id, e=expires_at))
    return f"{TICKET_PREFIX}{_b64(payload)}.{_b64(_sign(secret, payload))}"


def read_ticket(secret: bytes, text: str, now: float) -> Caller:
    """Raises GatewayError 401 when the ticket is forged, mangled or over."""
    try:
        payload, signature = map(_unb64, text.removeprefix(TICKET_PREFIX).split("."))
        genuine = hmac.compare_digest(signature, _sign(secret, payload))
        ticket = msgspec.json.decode(payload, type=Ticket) if genuine else None
    except (ValueError, binascii.Error, msgspec.DecodeError):
        ticket = None
    if ticket is None or ticket.e <= now:
        raise GatewayError(
            401, "invalid_ticket", "This sign-in ticket is not valid any more. Ask for a new one."
        )
    return Caller(team_id=ticket.t, user_id=ticket.u, expires_at=ticket.e)


def _sign(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, b"gateway ticket\0" + payload, "sha256")


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
