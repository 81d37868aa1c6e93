"""What a key, a user and a team may use: reserved before a request, settled after it."""

import logging
import time
from typing import Any

import msgspec

from apps.gateway.dataplane.config import GatewayConfig
from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.limits import script, wording
from apps.gateway.dataplane.limits.counters import Refusal
from apps.gateway.dataplane.limits.entries import Reservation
from apps.gateway.dataplane.limits.holders import Holder
from apps.gateway.dataplane.limits.ledger import Ledger
from apps.gateway.dataplane.snapshot import AwayPolicy
from apps.gateway.dataplane.usage import UsageRecord

__all__ = ["Budgets", "Reservation"]

STEP_TOKENS = 512  # of output, reserved at a time for a stream that runs on
_GRANTED, _REFUSED = 1, 0
_NOTE_AGAIN_SECONDS = 1.0
_NOTES_REMEMBERED = 10_000

logger = logging.getLogger(__name__)


class Budgets:
    """The line to the counters that all gateway processes share."""

    def __init__(self, config: GatewayConfig) -> None:
        self._ledger = Ledger(
            config.redis_url,
            lease_seconds=config.limits_lease_seconds,
            wait_seconds=config.limits_wait_seconds,
        )
        self._noted: dict[tuple[int, str], float] = {}

    @property
    def up(self) -> bool:
        """Whether Redis counts for this process."""
        return self._ledger.up

    async def start(self) -> None:
        """Begin to answer, also while Redis is away."""
        await self._ledger.start()

    async def stop(self) -> None:
        """Settle what is left."""
        await self._ledger.stop()

    async def reserve(
        self,
        reservation: Reservation,
        *,
        output: int,
        least_output: int,
        away: AwayPolicy | None,
    ) -> list[int]:
        """Set aside the prompt's tokens, and of output as many as there are up to `output`.

        Returns what headers say, empty when nobody knows. Raises LimitReached, or GatewayError 503
        when Redis cannot say and the key's policy `away` is to refuse then.
        """
        prompt = reservation.prompt
        least = prompt + least_output
        result = await self._ledger.reserve(reservation, want=prompt + output, least=least)
        if result is not None and result[0] == _GRANTED:
            return result[3:]
        if result is not None and result[0] == _REFUSED:
            error = wording.refusal(reservation.holders, result, least)
            error.tightest = result[6:]
            raise error
        if not _serves(reservation.holders, away):
            raise _unknown(result)
        reservation.tokens = prompt + output
        self._ledger.hold(reservation)
        return []

    async def extend(self, reservation: Reservation, *, used: int) -> None:
        """More output for a stream that has come to the end of what was reserved.

        What has begun goes on while Redis is away. Raises LimitReached when nothing is left.
        """
        missing = max(used - int(reservation.given), 1)
        want = max(missing, STEP_TOKENS)
        result = await self._ledger.extend(reservation, want=want, least=missing)
        if result is not None and result[0] == _REFUSED:
            error = wording.refusal(reservation.holders, result, missing)
            error.code = "budget_exhausted"
            raise error
        reservation.given += result[1] if result is not None and result[0] == _GRANTED else want

    def settle(self, reservation: Reservation, record: UsageRecord) -> None:
        """Replace what was reserved by what was used. Never waits."""
        used = record.prompt_tokens + record.completion_tokens
        self._ledger.settle(reservation, actual=max(used, 0), at_ms=int(record.at * 1000))

    def note_refusal(self, key_id: int, error: GatewayError, *, call_id: str, model: str) -> None:
        """Keep the reason for the console; each at most once a second for one key."""
        now = time.time()
        kind = key_id, error.code
        if now - self._noted.get(kind, 0.0) < _NOTE_AGAIN_SECONDS:
            return
        if len(self._noted) >= _NOTES_REMEMBERED:
            self._noted.clear()
        self._noted[kind] = now
        refusal = Refusal(
            code=error.code,
            sentence=error.message,
            at=now,
            status=error.status,
            request_id=call_id,
            model=model[:200],
        )
        if isinstance(error, wording.LimitReached):
            refusal = msgspec.structs.replace(
                refusal, window=error.window, level=error.holder.level, holder=error.holder.label
            )
        self._ledger.note(script.REFUSALS_HASH, str(key_id), msgspec.json.encode(refusal))


def _unknown(result: list[Any] | None) -> GatewayError:
    """Redis is away, or has come back without what it knew."""
    if result is None:
        return GatewayError(
            503,
            "limits_unavailable",
            "The budget of this key cannot be checked: Redis does not answer. It is asked again "
            "several times a second; the Status page shows whether it runs.",
            retry_after=1,
        )
    return GatewayError(
        503,
        "limits_unknown",
        "The budget of this key cannot be checked: Redis has lost its counters, and the worker is "
        "counting what was used anew. The Status page shows whether it runs.",
        retry_after=5,
    )


def _serves(holders: tuple[Holder, ...], away: AwayPolicy | None) -> bool:
    """Without a policy, budgets are kept and rates are not."""
    if away is not None:
        return away == "serve"
    return not any(holder.has_budget for holder in holders)
