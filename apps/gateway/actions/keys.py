import secrets
from base64 import b32encode
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.errors import Conflict, Invalid
from apps.core.events import publish
from apps.gateway.actions.publishing import publish_routes
from apps.gateway.dataplane.keys import KEY_PREFIX, derive_ticket_secret, digest, make_ticket
from apps.gateway.models import ApiKey

_SECRET_BYTES = 20  # 160 bits
_SHOWN = len(KEY_PREFIX) + 4
TICKET_LIFE = timedelta(minutes=10)


@transaction.atomic
def issue_key(
    *,
    team: Team,
    owner: User,
    name: str,
    allowed_models: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is returned this once and never stored.

    Raises Invalid for a time of expiry that is over.
    """
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(
            "The key would have expired before its first use.",
            fix="Choose a later time, or leave the expiry out.",
        )
    secret = KEY_PREFIX + b32encode(secrets.token_bytes(_SECRET_BYTES)).decode().lower()
    key = ApiKey.objects.create(
        team=team,
        owner=owner,
        name=name,
        prefix=secret[:_SHOWN],
        digest=digest(secret),
        allowed_models=None if allowed_models is None else list(allowed_models),
        expires_at=expires_at,
    )
    publish(subject="key", subject_id=str(key.pk), change="created", team_id=team.pk)
    publish_routes()
    return key, secret


@transaction.atomic
def revoke_key(*, key: ApiKey) -> ApiKey:
    """The key stops working within two seconds, everywhere. Raises Conflict the second time."""
    locked = ApiKey.objects.select_for_update().get(pk=key.pk)
    if locked.revoked_at is not None:
        raise Conflict(f"{locked.name} is already revoked.", fix="There is nothing left to do.")
    locked.revoked_at = timezone.now()
    locked.save(update_fields=["revoked_at", "updated_at"])
    publish(subject="key", subject_id=str(locked.pk), change="updated", team_id=locked.team_id)
    publish_routes()
    return locked


def issue_ticket(*, team: Team, user: User) -> tuple[str, datetime]:
    """What the console calls /v1 with: a signed bearer for ten minutes, and when it ends.

    It is not stored and cannot be called back; its short life is its revocation.
    """
    expires_at = timezone.now() + TICKET_LIFE
    ticket = make_ticket(
        derive_ticket_secret(settings.SECRET_KEY),
        user_id=user.pk,
        team_id=team.pk,
        expires_at=expires_at.timestamp(),
    )
    return ticket, expires_at
