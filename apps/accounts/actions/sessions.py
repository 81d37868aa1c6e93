"""Writes about browsers that are signed in, and the brake on guessing passwords."""

import logging

import redis
from django.contrib.sessions.models import Session
from django.db import transaction

from apps.accounts.models import SignIn, User
from apps.core.errors import TooMany
from apps.core.redis import get_redis

WINDOW_SECONDS = 300
FAILURES_PER_ACCOUNT = 8
FAILURES_PER_ADDRESS = 30

logger = logging.getLogger(__name__)


def sign_in_allowed(*, username: str, address: str) -> None:
    """Raises TooMany after too many failures for this name or from this address."""
    try:
        for key, allowed in _counters(username, address).items():
            if int(get_redis().get(key) or 0) >= allowed:
                wait = max(1, int(get_redis().ttl(key)))
                raise TooMany(
                    "There were too many wrong passwords.",
                    fix=f"Wait {wait} seconds, then try again.",
                    retry_after=wait,
                )
    except redis.RedisError as error:
        # Better a while without the brake than nobody who can sign in and repair Redis.
        logger.warning("sign-in not throttled", extra={"error": str(error)})


def note_sign_in_failure(*, username: str, address: str) -> None:
    try:
        with get_redis().pipeline() as pipeline:
            for key in _counters(username, address):
                pipeline.incr(key)
                pipeline.expire(key, WINDOW_SECONDS, nx=True)
            pipeline.execute()
    except redis.RedisError as error:
        logger.warning("sign-in failure not counted", extra={"error": str(error)})


def note_sign_in(*, user: User, session_key: str, address: str, agent: str) -> SignIn:
    """Remember the browser, so that its owner can find and end it."""
    live = Session.objects.values("session_key")
    SignIn.objects.filter(user=user).exclude(session_key__in=live).delete()
    return SignIn.objects.create(
        user=user, session_key=session_key, address=address[:60], agent=agent[:200]
    )


def move_sign_in(*, session_key: str, to: str) -> None:
    """The same browser under a new session key."""
    SignIn.objects.filter(session_key=session_key).update(session_key=to)


@transaction.atomic
def end_session(*, session_key: str) -> None:
    SignIn.objects.filter(session_key=session_key).delete()
    Session.objects.filter(session_key=session_key).delete()


@transaction.atomic
def end_sessions(*, user: User, but: str | None = None) -> None:
    """Sign a person out everywhere, but in the session named."""
    keys = SignIn.objects.filter(user=user).exclude(session_key=but or "")
    for session_key in list(keys.values_list("session_key", flat=True)):
        end_session(session_key=session_key)


def _counters(username: str, address: str) -> dict[str, int]:
    return {
        f"hearth:sign-in:account:{username.lower()[:150]}": FAILURES_PER_ACCOUNT,
        f"hearth:sign-in:address:{address}": FAILURES_PER_ADDRESS,
    }
